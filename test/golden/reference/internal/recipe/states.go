package recipe

import (
	"context"
	"encoding/json"
	"net"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
)

var background = context.Background()

func (c *call) state(i int) llb.State { return arg[llb.State](c, i) }

// lookupOptions are the options of a question to a state.
func (c *call) lookupOptions(from int) []llb.ConstraintsOpt { return rest[llb.ConstraintsOpt](c, from) }

// states holds the values and verbs of a State, and the state options of the same names.
var states = table{
	"NewState":         func(c *call) any { return llb.NewState(arg[llb.Output](c, 0)) },
	"State.Output":     func(c *call) any { return c.state(0).Output() },
	"State.WithOutput": func(c *call) any { return c.state(0).WithOutput(arg[llb.Output](c, 1)) },

	"State.AddEnv":           func(c *call) any { return c.state(0).AddEnv(c.str(1), c.str(2)) },
	"State.AddEnvf":          func(c *call) any { return c.state(0).AddEnvf(c.str(1), c.str(2), c.values(3)...) },
	"State.AddExtraHost":     func(c *call) any { return c.state(0).AddExtraHost(c.str(1), net.ParseIP(c.str(2))) },
	"State.AddUlimit":        func(c *call) any { return c.state(0).AddUlimit(arg[llb.UlimitName](c, 1), c.int64(2), c.int64(3)) },
	"State.Dir":              func(c *call) any { return c.state(0).Dir(c.str(1)) },
	"State.Dirf":             func(c *call) any { return c.state(0).Dirf(c.str(1), c.values(2)...) },
	"State.User":             func(c *call) any { return c.state(0).User(c.str(1)) },
	"State.Hostname":         func(c *call) any { return c.state(0).Hostname(c.str(1)) },
	"State.Network":          func(c *call) any { return c.state(0).Network(arg[pb.NetMode](c, 1)) },
	"State.Security":         func(c *call) any { return c.state(0).Security(arg[pb.SecurityMode](c, 1)) },
	"State.Platform":         func(c *call) any { return c.state(0).Platform(c.platform(1)) },
	"State.WithCgroupParent": func(c *call) any { return c.state(0).WithCgroupParent(c.str(1)) },
	"State.With":             func(c *call) any { return c.state(0).With(rest[llb.StateOption](c, 1)...) },
	"State.Reset":            func(c *call) any { return c.state(0).Reset(c.state(1)) },
	"State.Requires":         func(c *call) any { return c.state(0).Requires(c.str(1), rest[llb.State](c, 2)...) },
	"State.WithValue":        func(c *call) any { return c.state(0).WithValue(c.str(1), eval(c.raw(2), c.scope)) },
	"State.Async":            func(c *call) any { return c.state(0).Async(arg[*lambda](c, 1).async) },
	"State.SetMarshalDefaults": func(c *call) any {
		return c.state(0).SetMarshalDefaults(rest[llb.ConstraintsOpt](c, 1)...)
	},
	"State.WithImageConfig": func(c *call) any {
		config, err := json.Marshal(c.raw(1))
		if err != nil {
			fail("%s: %v", c.name, err)
		}
		return must(c.state(0).WithImageConfig(config))
	},

	"AddEnv":   func(c *call) any { return llb.AddEnv(c.str(0), c.str(1)) },
	"AddEnvf":  func(c *call) any { return llb.AddEnvf(c.str(0), c.str(1), c.values(2)...) },
	"Dir":      func(c *call) any { return llb.Dir(c.str(0)) },
	"Dirf":     func(c *call) any { return llb.Dirf(c.str(0), c.values(1)...) },
	"User":     func(c *call) any { return llb.User(c.str(0)) },
	"Hostname": func(c *call) any { return llb.Hostname(c.str(0)) },
	"Network":  func(c *call) any { return llb.Network(arg[pb.NetMode](c, 0)) },
	"Security": func(c *call) any { return llb.Security(arg[pb.SecurityMode](c, 0)) },
	"Reset":    func(c *call) any { return llb.Reset(c.state(0)) },

	"NetModeSandbox":       func(*call) any { return llb.NetModeSandbox },
	"NetModeHost":          func(*call) any { return llb.NetModeHost },
	"NetModeNone":          func(*call) any { return llb.NetModeNone },
	"SecurityModeSandbox":  func(*call) any { return llb.SecurityModeSandbox },
	"SecurityModeInsecure": func(*call) any { return llb.SecurityModeInsecure },

	"State.GetArgs":     func(c *call) any { return must(c.state(0).GetArgs(background, c.lookupOptions(1)...)) },
	"State.GetDir":      func(c *call) any { return must(c.state(0).GetDir(background, c.lookupOptions(1)...)) },
	"State.GetHostname": func(c *call) any { return must(c.state(0).GetHostname(background, c.lookupOptions(1)...)) },
	"State.GetNetwork":  func(c *call) any { return must(c.state(0).GetNetwork(background, c.lookupOptions(1)...)) },
	"State.GetPlatform": func(c *call) any { return must(c.state(0).GetPlatform(background, c.lookupOptions(1)...)) },
	"State.GetSecurity": func(c *call) any { return must(c.state(0).GetSecurity(background, c.lookupOptions(1)...)) },
	"State.Env":         func(c *call) any { return must(c.state(0).Env(background, c.lookupOptions(1)...)) },
	"State.Value":       func(c *call) any { return must(c.state(0).Value(background, c.str(1), c.lookupOptions(2)...)) },
	"State.GetEnv": func(c *call) any {
		value, ok, err := c.state(0).GetEnv(background, c.str(1), c.lookupOptions(2)...)
		must(value, err)
		if !ok {
			return nil
		}
		return value
	},

	"EnvList.AddOrReplace": func(c *call) any { return arg[*llb.EnvList](c, 0).AddOrReplace(c.str(1), c.str(2)) },
	"EnvList.SetDefault":   func(c *call) any { return arg[*llb.EnvList](c, 0).SetDefault(c.str(1), c.str(2)) },
	"EnvList.Keys":         func(c *call) any { return arg[*llb.EnvList](c, 0).Keys() },
	"EnvList.ToArray":      func(c *call) any { return arg[*llb.EnvList](c, 0).ToArray() },
	"EnvList.Delete": func(c *call) any {
		rest := arg[*llb.EnvList](c, 0).Delete(c.str(1)) //nolint:govet // the client returns it by value
		return &rest
	},
	"EnvList.Get": func(c *call) any {
		value, ok := arg[*llb.EnvList](c, 0).Get(c.str(1))
		if !ok {
			return nil
		}
		return value
	},
}
