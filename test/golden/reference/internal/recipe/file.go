// Package recipe reads descriptions of build graphs and makes the graphs with BuildKit's own client.
//
// The language is described in test/golden/README.md. Another interpreter of the same files, in TypeScript, makes the
// same graphs with llb-ts; what both marshal has to be equal.
package recipe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// File is one recipe file: graphs about one concern.
type File struct {
	// Options are marshal options of every graph, given before the graph's own.
	Options []any   `json:"options"`
	Graphs  []Graph `json:"graphs"`
}

// Graph describes one graph and what to look at in it.
type Graph struct {
	Name string `json:"name"`
	// Let binds names to expressions, in order: [name, expression].
	Let [][2]any `json:"let"`
	// Result is the expression of the state to marshal; without it nothing is marshaled.
	Result any `json:"result"`
	// Options are marshal options, given after those of the file.
	Options []any `json:"options"`
	// Observe holds expressions whose plain values are recorded, after the graph was marshaled.
	Observe []any `json:"observe"`
	// Refused and Says are for llb-ts, which refuses more and may say it in other words.
	Refused string `json:"refused"`
	Says    string `json:"says"`
}

// Read reads a recipe file; unknown fields and duplicate graph names are errors.
func Read(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	var file File
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	seen := map[string]bool{}
	for _, graph := range file.Graphs {
		if graph.Name == "" || seen[graph.Name] {
			return nil, fmt.Errorf("%s: a graph needs a name of its own: %q", path, graph.Name)
		}
		seen[graph.Name] = true
	}
	return &file, nil
}
