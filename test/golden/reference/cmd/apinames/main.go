// Command apinames prints every exported name of BuildKit's client/llb, one "kind name" a line.
package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const pkg = "github.com/moby/buildkit/client/llb"

// kinds in the order they are printed.
var kinds = []string{"const", "var", "func", "type", "method", "field", "embed", "ifacemethod"}

func main() {
	names, err := exported()
	if err != nil {
		fmt.Fprintln(os.Stderr, "apinames:", err)
		os.Exit(1)
	}
	slices.SortFunc(names, func(a, b name) int {
		return cmp.Or(cmp.Compare(slices.Index(kinds, a.kind), slices.Index(kinds, b.kind)), strings.Compare(a.text, b.text))
	})
	for _, n := range slices.Compact(names) {
		fmt.Println(n.kind, n.text)
	}
}

type name struct{ kind, text string }

func exported() ([]name, error) {
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", pkg).Output()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "*.go"))
	if err != nil {
		return nil, err
	}
	var names []name
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				names = append(names, ofFunc(d)...)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					names = append(names, ofSpec(d.Tok, spec)...)
				}
			}
		}
	}
	return names, nil
}

func ofFunc(d *ast.FuncDecl) []name {
	if !d.Name.IsExported() {
		return nil
	}
	if d.Recv == nil {
		return []name{{"func", d.Name.Name}}
	}
	receiver := typeName(d.Recv.List[0].Type)
	if !ast.IsExported(receiver) {
		return nil
	}
	return []name{{"method", receiver + "." + d.Name.Name}}
}

func ofSpec(tok token.Token, spec ast.Spec) []name {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		var out []name
		for _, id := range s.Names {
			if id.IsExported() {
				out = append(out, name{tok.String(), id.Name})
			}
		}
		return out
	case *ast.TypeSpec:
		if !s.Name.IsExported() {
			return nil
		}
		return append([]name{{"type", s.Name.Name}}, membersOf(s)...)
	}
	return nil
}

func membersOf(s *ast.TypeSpec) []name {
	var out []name
	switch t := s.Type.(type) {
	case *ast.StructType:
		for _, field := range t.Fields.List {
			out = append(out, ofField(s.Name.Name, "field", field)...)
		}
	case *ast.InterfaceType:
		for _, method := range t.Methods.List {
			out = append(out, ofField(s.Name.Name, "ifacemethod", method)...)
		}
	}
	return out
}

func ofField(owner, kind string, field *ast.Field) []name {
	if len(field.Names) == 0 {
		return []name{{"embed", owner + "." + typeName(field.Type)}}
	}
	var out []name
	for _, id := range field.Names {
		if id.IsExported() {
			out = append(out, name{kind, owner + "." + id.Name})
		}
	}
	return out
}

// typeName is the last name of a type: "T" of *pkg.T.
func typeName(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}
