package recipe

import (
	"context"
	"fmt"
	"strings"

	"github.com/moby/buildkit/client/llb"
)

// mistake is a fault of the recipe itself, as opposed to one that the client finds in the graph.
type mistake struct{ text string }

func (m mistake) Error() string { return "mistake in the recipe: " + m.text }

func fail(format string, args ...any) {
	panic(mistake{fmt.Sprintf(format, args...)})
}

// scope holds the names that an expression may refer to.
type scope struct {
	outer  *scope
	values map[string]any
}

func (s *scope) child() *scope { return &scope{outer: s, values: map[string]any{}} }

func (s *scope) lookup(name string) any {
	for ; s != nil; s = s.outer {
		if value, ok := s.values[name]; ok {
			return value
		}
	}
	fail("nothing is named %q", name)
	return nil
}

// lambda is a function written in a recipe: {"fn": expression}, in which $it (and $constraints) can be used.
type lambda struct {
	body  any
	scope *scope
}

func (l *lambda) stateOption() llb.StateOption {
	return func(it llb.State) llb.State {
		inner := l.scope.child()
		inner.values["it"] = it
		return as[llb.State]("fn", eval(l.body, inner))
	}
}

func (l *lambda) async(_ context.Context, it llb.State, c *llb.Constraints) (st llb.State, err error) {
	inner := l.scope.child()
	inner.values["it"] = it
	inner.values["constraints"] = *c
	defer caught(&err)
	return as[llb.State]("fn", eval(l.body, inner)), nil
}

// returned carries an error that the client returned through the evaluation of an expression.
type returned struct{ err error }

// must hands on the value or leaves the evaluation with the client's error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(returned{err})
	}
	return value
}

// caught turns a `returned` panic into an error; other panics go on.
func caught(err *error) {
	switch p := recover().(type) {
	case nil:
	case returned:
		*err = p.err
	default:
		panic(p)
	}
}

// call is one call in an expression: the arguments are evaluated when the handler asks for them.
type call struct {
	name  string
	args  []any
	scope *scope
}

type table map[string]func(*call) any

var handlers = join(sources, states, execs, files, graphs, constraints, definitions, helpers)

func join(tables ...table) table {
	all := table{}
	for _, t := range tables {
		for name, handler := range t {
			all[name] = handler
		}
	}
	return all
}

// evaluator breaks the initialization cycle between the handlers and eval.
var evaluator func(any, *scope) any

func init() { evaluator = evaluate }

func eval(expr any, s *scope) any { return evaluator(expr, s) }

func evaluate(expr any, s *scope) any {
	switch e := expr.(type) {
	case string:
		if strings.HasPrefix(e, "$$") {
			return e[1:]
		}
		if name, ok := strings.CutPrefix(e, "$"); ok {
			return s.lookup(name)
		}
		return e
	case []any:
		if len(e) == 0 {
			fail("an empty list is no call")
		}
		name, ok := e[0].(string)
		if !ok {
			fail("a call begins with a name: %v", e)
		}
		handler, ok := handlers[name]
		if !ok {
			fail("nothing can be called %q", name)
		}
		return handler(&call{name: name, args: e[1:], scope: s})
	case map[string]any:
		if body, ok := e["fn"]; ok {
			return &lambda{body: body, scope: s}
		}
	}
	return expr
}
