// Command golden writes what BuildKit's own client makes of the graphs of the recipe files below a folder:
// DIR/NAME/recipe.json becomes DIR/NAME/expected.json.
//
// With -check it writes nothing and fails when a checked-in file is not what would be written.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"llb-ts.dev/reference/internal/expected"
	"llb-ts.dev/reference/internal/recipe"
)

func main() {
	check := flag.Bool("check", false, "only compare with the files that are there")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: golden [-check] DIR")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *check); err != nil {
		fmt.Fprintln(os.Stderr, "golden:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	recipes, err := filepath.Glob(filepath.Join(dir, "*", "recipe.json"))
	if err != nil {
		return err
	}
	if len(recipes) == 0 {
		return fmt.Errorf("no recipes below %s", dir)
	}
	stale := 0
	for _, path := range recipes {
		file, err := recipe.Read(path)
		if err != nil {
			return err
		}
		want, err := expected.Render(file)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		target := filepath.Join(filepath.Dir(path), "expected.json")
		have, err := os.ReadFile(target)
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		switch {
		case bytes.Equal(have, want):
		case check:
			stale++
			fmt.Fprintf(os.Stderr, "%s is not what the reference makes of its recipe\n", target)
		default:
			if err := os.WriteFile(target, want, 0o644); err != nil {
				return err
			}
		}
		fmt.Printf("%s: %d graphs\n", filepath.Base(filepath.Dir(path)), len(file.Graphs))
	}
	if stale > 0 {
		return fmt.Errorf("%d files are stale; run pnpm golden:update", stale)
	}
	return nil
}
