package recipe

import (
	"fmt"

	"github.com/moby/buildkit/client/llb"
)

// Outcome is what became of a graph.
type Outcome struct {
	// Definition is nil when there was nothing to marshal or when Err is set.
	Definition *llb.Definition
	// Err is what the client found wrong with the graph: an error, or a crash of the client itself.
	Err error
	// Observed are plain values; an error among them stands for a question that failed.
	Observed []any
}

// Run makes the graph and marshals it. The error is a mistake in the recipe.
func (f *File) Run(g Graph) (outcome *Outcome, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case mistake:
			err = fmt.Errorf("%q: %w", g.Name, p)
		case returned:
			outcome = &Outcome{Err: p.err}
		default:
			outcome = &Outcome{Err: fmt.Errorf("crash: %v", p)}
		}
	}()

	s := (*scope)(nil).child()
	for _, binding := range g.Let {
		name, ok := binding[0].(string)
		if !ok {
			fail("a binding begins with a name: %v", binding)
		}
		s.values[name] = eval(binding[1], s)
	}

	outcome = &Outcome{}
	if g.Result != nil {
		result := as[llb.State]("result", eval(g.Result, s))
		outcome.Definition, outcome.Err = result.Marshal(background, f.options(g, s)...)
		if outcome.Err != nil {
			outcome.Definition = nil
		}
	}
	for _, question := range g.Observe {
		outcome.Observed = append(outcome.Observed, observe(question, s))
	}
	return outcome, nil
}

func (f *File) options(g Graph, s *scope) []llb.ConstraintsOpt {
	var out []llb.ConstraintsOpt
	for _, expressions := range [][]any{f.Options, g.Options} {
		for _, expr := range expressions {
			out = append(out, as[llb.ConstraintsOpt]("options", eval(expr, s)))
		}
	}
	return out
}

func observe(question any, s *scope) (value any) {
	defer func() {
		if p := recover(); p != nil {
			r, ok := p.(returned)
			if !ok {
				panic(p)
			}
			value = map[string]string{"error": r.err.Error()}
		}
	}()
	return eval(question, s)
}
