package recipe

import (
	"net"

	"github.com/moby/buildkit/client/llb"
)

func ulimit(name llb.UlimitName) func(*call) any { return func(*call) any { return name } }

// execs holds Run, its options, mounts, secrets and sockets.
var execs = table{
	"State.Run":          func(c *call) any { return c.state(0).Run(rest[llb.RunOption](c, 1)...) },
	"ExecState.Root":     func(c *call) any { return arg[llb.ExecState](c, 0).Root() },
	"ExecState.GetMount": func(c *call) any { return arg[llb.ExecState](c, 0).GetMount(c.str(1)) },
	"ExecState.AddMount": func(c *call) any {
		return arg[llb.ExecState](c, 0).AddMount(c.str(1), c.state(2), rest[llb.MountOption](c, 3)...)
	},

	"Args":   func(c *call) any { return llb.Args(c.strs(0)) },
	"Shlex":  func(c *call) any { return llb.Shlex(c.str(0)) },
	"Shlexf": func(c *call) any { return llb.Shlexf(c.str(0), c.values(1)...) },
	"With":   func(c *call) any { return llb.With(rest[llb.StateOption](c, 0)...) },

	"AddExtraHost":      func(c *call) any { return llb.AddExtraHost(c.str(0), net.ParseIP(c.str(1))) },
	"AddUlimit":         func(c *call) any { return llb.AddUlimit(arg[llb.UlimitName](c, 0), c.int64(1), c.int64(2)) },
	"ValidExitCodes":    func(c *call) any { return llb.ValidExitCodes(c.codes()...) },
	"WithCgroupParent":  func(c *call) any { return llb.WithCgroupParent(c.str(0)) },
	"ReadonlyRootFS":    func(*call) any { return llb.ReadonlyRootFS() },
	"WithProxy":         func(c *call) any { return llb.WithProxy(record[llb.ProxyEnv](c, 0)) },
	"AddCDIDevice":      func(c *call) any { return llb.AddCDIDevice(rest[llb.CDIDeviceOption](c, 0)...) },
	"CDIDeviceName":     func(c *call) any { return llb.CDIDeviceName(c.str(0)) },
	"CDIDeviceOptional": func(*call) any { return llb.CDIDeviceOptional },

	"AddMount":             func(c *call) any { return llb.AddMount(c.str(0), c.state(1), rest[llb.MountOption](c, 2)...) },
	"Readonly":             func(*call) any { return llb.MountOption(llb.Readonly) },
	"ForceNoOutput":        func(*call) any { return llb.MountOption(llb.ForceNoOutput) },
	"SourcePath":           func(c *call) any { return llb.SourcePath(c.str(0)) },
	"Tmpfs":                func(c *call) any { return llb.Tmpfs(rest[llb.TmpfsOption](c, 0)...) },
	"TmpfsSize":            func(c *call) any { return llb.TmpfsSize(c.int64(0)) },
	"AsPersistentCacheDir": func(c *call) any { return llb.AsPersistentCacheDir(c.str(0), arg[llb.CacheMountSharingMode](c, 1)) },
	"CacheMountShared":     func(*call) any { return llb.CacheMountShared },
	"CacheMountPrivate":    func(*call) any { return llb.CacheMountPrivate },
	"CacheMountLocked":     func(*call) any { return llb.CacheMountLocked },

	"ContentCache":             func(c *call) any { return llb.ContentCache(arg[llb.MountContentCache](c, 0)) },
	"MountContentCacheDefault": func(*call) any { return llb.MountContentCacheDefault },
	"MountContentCacheOn":      func(*call) any { return llb.MountContentCacheOn },
	"MountContentCacheOff":     func(*call) any { return llb.MountContentCacheOff },

	"AddSecret": func(c *call) any { return llb.AddSecret(c.str(0), rest[llb.SecretOption](c, 1)...) },
	"AddSecretWithDest": func(c *call) any {
		var dest *string
		if c.raw(1) != nil {
			text := c.str(1)
			dest = &text
		}
		return llb.AddSecretWithDest(c.str(0), dest, rest[llb.SecretOption](c, 2)...)
	},
	"SecretID":        func(c *call) any { return llb.SecretID(c.str(0)) },
	"SecretOptional":  func(*call) any { return llb.SecretOptional },
	"SecretAsEnv":     func(c *call) any { return llb.SecretAsEnv(c.bool(0)) },
	"SecretAsEnvName": func(c *call) any { return llb.SecretAsEnvName(c.str(0)) },
	"SecretFileOpt": func(c *call) any {
		return llb.SecretFileOpt(c.int(0), c.int(1), int(c.mode(2)))
	},

	"AddSSHSocket":    func(c *call) any { return llb.AddSSHSocket(rest[llb.SSHOption](c, 0)...) },
	"SSHID":           func(c *call) any { return llb.SSHID(c.str(0)) },
	"SSHOptional":     func(*call) any { return llb.SSHOptional },
	"SSHSocketTarget": func(c *call) any { return llb.SSHSocketTarget(c.str(0)) },
	"SSHSocketOpt": func(c *call) any {
		return llb.SSHSocketOpt(c.str(0), c.int(1), c.int(2), int(c.mode(3)))
	},

	"UlimitCore":       ulimit(llb.UlimitCore),
	"UlimitCPU":        ulimit(llb.UlimitCPU),
	"UlimitData":       ulimit(llb.UlimitData),
	"UlimitFsize":      ulimit(llb.UlimitFsize),
	"UlimitLocks":      ulimit(llb.UlimitLocks),
	"UlimitMemlock":    ulimit(llb.UlimitMemlock),
	"UlimitMsgqueue":   ulimit(llb.UlimitMsgqueue),
	"UlimitNice":       ulimit(llb.UlimitNice),
	"UlimitNofile":     ulimit(llb.UlimitNofile),
	"UlimitNproc":      ulimit(llb.UlimitNproc),
	"UlimitRss":        ulimit(llb.UlimitRss),
	"UlimitRtprio":     ulimit(llb.UlimitRtprio),
	"UlimitRttime":     ulimit(llb.UlimitRttime),
	"UlimitSigpending": ulimit(llb.UlimitSigpending),
	"UlimitStack":      ulimit(llb.UlimitStack),
}
