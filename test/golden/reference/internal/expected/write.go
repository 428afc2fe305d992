package expected

import (
	"bytes"
	"encoding/json"

	"llb-ts.dev/reference/internal/recipe"
)

// Render runs every graph of a recipe file and writes the outcomes as JSON with one line for an op, so that a change of
// one op is a change of one line.
func Render(file *recipe.File) ([]byte, error) {
	w := &writer{}
	w.line("[")
	for i, graph := range file.Graphs {
		outcome, err := file.Run(graph)
		if err != nil {
			return nil, err
		}
		if err := w.graph(graph.Name, outcome, i+1 < len(file.Graphs)); err != nil {
			return nil, err
		}
	}
	w.line("]")
	return w.out.Bytes(), w.err
}

type writer struct {
	out bytes.Buffer
	err error
}

func (w *writer) line(parts ...string) {
	for _, part := range parts {
		w.out.WriteString(part)
	}
	w.out.WriteByte('\n')
}

func (w *writer) json(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil && w.err == nil {
		w.err = err
	}
	return string(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
}

func (w *writer) graph(name string, outcome *recipe.Outcome, more bool) error {
	w.line(`  {`)
	w.out.WriteString(`    "name": ` + w.json(name))
	if outcome.Err != nil {
		w.line(`,`)
		w.out.WriteString(`    "error": ` + w.json(outcome.Err.Error()))
	}
	if outcome.Definition != nil {
		definition := Describe(outcome.Definition.ToPB())
		w.list("ops", definition.Ops)
		w.list("infos", definition.Infos)
	}
	if len(outcome.Observed) > 0 {
		var observed []any
		for _, value := range outcome.Observed {
			observed = append(observed, Plain(value))
		}
		w.list("observed", observed)
	}
	w.line()
	w.line(`  }`, comma(more))
	return w.err
}

// list writes a member of a graph with a line for each of its members.
func (w *writer) list(name string, members any) {
	var each []json.RawMessage
	data := w.json(members)
	if err := json.Unmarshal([]byte(data), &each); err != nil && w.err == nil {
		w.err = err
	}
	w.line(`,`)
	if len(each) == 0 {
		w.out.WriteString(`    "` + name + `": ` + data)
		return
	}
	w.line(`    "`, name, `": [`)
	for i, member := range each {
		w.line(`      `, string(member), comma(i+1 < len(each)))
	}
	w.out.WriteString(`    ]`)
}

func comma(more bool) string {
	if more {
		return ","
	}
	return ""
}
