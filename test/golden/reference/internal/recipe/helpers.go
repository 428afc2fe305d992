package recipe

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	digest "github.com/opencontainers/go-digest"
)

// helpers are names of the recipe language itself; all begin with a small letter.
var helpers = table{
	// resolver is an image config resolver with ready answers.
	"resolver": func(c *call) any { return resolver(record[[]answer](c, 0)) },
	// error is a resolver or an async state's answer that fails.
	"error": func(c *call) any {
		panic(returned{fmt.Errorf("%s", c.str(0))})
	},
	// platformOf is the platform of constraints, as "os/arch/variant".
	"platformOf": func(c *call) any { return platforms.Format(*arg[llb.Constraints](c, 0).Platform) },
	// onPlatform picks the expression of a record by the platform of the constraints.
	"onPlatform": func(c *call) any {
		name := platforms.Format(*arg[llb.Constraints](c, 0).Platform)
		return eval(as[map[string]any](c.name, c.raw(1))[name], c.scope)
	},
}

// answer says what a resolver answers to one question.
type answer struct {
	Ref         string
	Platform    string
	ResolveMode string
	Resolved    string
	Digest      digest.Digest
	Config      json.RawMessage
}

type resolver []answer

var _ llb.ImageMetaResolver = resolver(nil)

// ResolveImageConfig gives the first answer that fits the reference, and platform and mode where an answer names them.
func (r resolver) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	platform := ""
	if p := opt.ImageOpt.Platform; p != nil {
		platform = platforms.Format(*p)
	}
	for _, a := range r {
		if a.Ref != ref || a.Platform != "" && a.Platform != platform || a.ResolveMode != "" && a.ResolveMode != opt.ImageOpt.ResolveMode {
			continue
		}
		resolved := a.Resolved
		if resolved == "" {
			resolved = ref
		}
		return resolved, a.Digest, a.Config, nil
	}
	return "", "", nil, fmt.Errorf("no answer for %s on %s with mode %s", ref, platform, opt.ImageOpt.ResolveMode)
}
