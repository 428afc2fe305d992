package recipe

import (
	"bytes"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
)

// definitions holds marshaling and the ways back from a marshaled graph.
var definitions = table{
	"State.Marshal": func(c *call) any {
		return must(c.state(0).Marshal(background, rest[llb.ConstraintsOpt](c, 1)...))
	},
	"Definition.Head": func(c *call) any { return string(must(arg[*llb.Definition](c, 0).Head())) },
	"Definition.ToPB": func(c *call) any { return arg[*llb.Definition](c, 0).ToPB() },
	"Definition.FromPB": func(c *call) any {
		var def llb.Definition
		def.FromPB(arg[*pb.Definition](c, 0))
		return &def
	},
	"WriteTo": func(c *call) any {
		var out bytes.Buffer
		must(0, llb.WriteTo(arg[*llb.Definition](c, 0), &out))
		return out.Bytes()
	},
	"ReadFrom":        func(c *call) any { return must(llb.ReadFrom(bytes.NewReader(arg[[]byte](c, 0)))) },
	"NewDefinitionOp": func(c *call) any { return must(llb.NewDefinitionOp(arg[*pb.Definition](c, 0))) },
}
