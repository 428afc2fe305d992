package recipe

import (
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	apicapspb "github.com/moby/buildkit/util/apicaps/pb"
)

func ready(option llb.ConstraintsOpt) func(*call) any { return func(*call) any { return option } }

// constraints holds the options that every vertex and every marshal call take, and source maps.
var constraints = table{
	"Platform":     func(c *call) any { return llb.Platform(c.platform(0)) },
	"LinuxAmd64":   ready(llb.LinuxAmd64),
	"LinuxArmhf":   ready(llb.LinuxArmhf),
	"LinuxArm":     ready(llb.LinuxArm),
	"LinuxArmel":   ready(llb.LinuxArmel),
	"LinuxArm64":   ready(llb.LinuxArm64),
	"LinuxS390x":   ready(llb.LinuxS390x),
	"LinuxPpc64":   ready(llb.LinuxPpc64),
	"LinuxPpc64le": ready(llb.LinuxPpc64le),
	"LinuxRiscv64": ready(llb.LinuxRiscv64),
	"Darwin":       ready(llb.Darwin),
	"Windows":      ready(llb.Windows),

	"Require":       func(c *call) any { return llb.Require(rest[string](c, 0)...) },
	"LocalUniqueID": func(c *call) any { return llb.LocalUniqueID(c.str(0)) },
	"WithCaps": func(c *call) any {
		var caps []*apicapspb.APICap
		for _, id := range c.strs(0) {
			caps = append(caps, &apicapspb.APICap{ID: id, Enabled: true})
		}
		if len(c.args) > 1 {
			for _, id := range c.strs(1) {
				caps = append(caps, &apicapspb.APICap{ID: id})
			}
		}
		return llb.WithCaps(pb.Caps.CapSet(caps))
	},

	"IgnoreCache":               ready(llb.IgnoreCache),
	"WithDescription":           func(c *call) any { return llb.WithDescription(record[map[string]string](c, 0)) },
	"WithCustomName":            func(c *call) any { return llb.WithCustomName(c.str(0)) },
	"WithCustomNamef":           func(c *call) any { return llb.WithCustomNamef(c.str(0), c.values(1)...) },
	"WithExportCache":           func(*call) any { return llb.WithExportCache() },
	"WithoutExportCache":        func(*call) any { return llb.WithoutExportCache() },
	"WithoutDefaultExportCache": func(*call) any { return llb.WithoutDefaultExportCache() },
	"ProgressGroup":             func(c *call) any { return llb.ProgressGroup(c.str(0), c.str(1), c.bool(2)) },

	"WithLinuxResources": func(c *call) any { return llb.WithLinuxResources(record[llb.LinuxResources](c, 0)) },
	"MemoryLimit":        func(c *call) any { return llb.MemoryLimit(c.int64(0)) },
	"MemorySwapLimit":    func(c *call) any { return llb.MemorySwapLimit(c.int64(0)) },
	"CPUShares":          func(c *call) any { return llb.CPUShares(uint64(c.int64(0))) },
	"CPUPeriod":          func(c *call) any { return llb.CPUPeriod(uint64(c.int64(0))) },
	"CPUQuota":           func(c *call) any { return llb.CPUQuota(c.int64(0)) },
	"CpusetCpus":         func(c *call) any { return llb.CpusetCpus(c.str(0)) },
	"CpusetMems":         func(c *call) any { return llb.CpusetMems(c.str(0)) },

	"NewSourceMap": func(c *call) any {
		var state *llb.State
		if c.raw(0) != nil {
			st := c.state(0)
			state = &st
		}
		return llb.NewSourceMap(state, c.str(1), c.str(2), c.bytes(3))
	},
	"SourceMap.Location": func(c *call) any { return arg[*llb.SourceMap](c, 0).Location(c.ranges(1)) },
}
