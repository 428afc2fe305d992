package recipe

import (
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/llbbuild"
)

// passthroughInputs is a list of [state expression, whether it is an output].
func (c *call) passthroughInputs(i int) []llb.PassthroughInput {
	var out []llb.PassthroughInput
	for _, member := range as[[]any](c.name, c.raw(i)) {
		pair := as[[]any](c.name, member)
		out = append(out, llb.PassthroughInput{
			State:  as[llb.State](c.name, eval(pair[0], c.scope)),
			Output: as[bool](c.name, pair[1]),
		})
	}
	return out
}

// graphs holds what joins states, and the ways from a vertex to its outputs.
var graphs = table{
	"Merge": func(c *call) any { return llb.Merge(list[llb.State](c, 0), rest[llb.ConstraintsOpt](c, 1)...) },
	"Diff":  func(c *call) any { return llb.Diff(c.state(0), c.state(1), rest[llb.ConstraintsOpt](c, 2)...) },

	"NewPassthrough": func(c *call) any {
		return llb.NewPassthrough(c.str(0), c.passthroughInputs(1), rest[llb.ConstraintsOpt](c, 2)...)
	},
	"NewPassthroughOp": func(c *call) any {
		return llb.NewPassthroughOp(c.str(0), c.passthroughInputs(1), rest[llb.ConstraintsOpt](c, 2)...)
	},
	"PassthroughOp.OutputAt": func(c *call) any { return arg[*llb.PassthroughOp](c, 0).OutputAt(c.int(1)) },

	"llbbuild.Build":        func(c *call) any { return llbbuild.Build(rest[llbbuild.BuildOption](c, 0)...) },
	"llbbuild.WithFilename": func(c *call) any { return llbbuild.WithFilename(c.str(0)) },
	"llbbuild.WithConstraints": func(c *call) any {
		return llbbuild.WithConstraints(arg[llb.ConstraintsOpt](c, 0))
	},

	"SourceOp.Output":      output,
	"PassthroughOp.Output": output,
	"DefinitionOp.Output":  output,
}

func output(c *call) any { return arg[llb.Vertex](c, 0).Output() }
