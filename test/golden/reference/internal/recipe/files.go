package recipe

import (
	"time"

	"github.com/moby/buildkit/client/llb"
)

// fileInfo is the options object that file actions share: {"ChownOpt", "CreatedTime", "MakeParents"}.
type fileInfo struct {
	ChownOpt    *llb.ChownOpt
	CreatedTime string
	MakeParents bool
}

func created(text string) *time.Time {
	if text == "" {
		return nil
	}
	at := time.Unix(0, integer("CreatedTime", text))
	return &at
}

// copyInfo is llb.CopyInfo with its mode and time written as in the rest of a recipe.
type copyInfo struct {
	llb.CopyInfo
	Mode        *modeInfo
	CreatedTime string
}

type modeInfo struct{ Mode, ModeStr string }

func (m modeInfo) opt() *llb.ChmodOpt {
	opt := &llb.ChmodOpt{ModeStr: m.ModeStr}
	if m.Mode != "" {
		opt.Mode = octal("Mode", m.Mode)
	}
	return opt
}

// files holds file actions: alone, chained on another action, and their options.
var files = table{
	"State.File": func(c *call) any {
		return c.state(0).File(arg[*llb.FileAction](c, 1), rest[llb.ConstraintsOpt](c, 2)...)
	},

	"Mkdir":   func(c *call) any { return llb.Mkdir(c.str(0), c.mode(1), rest[llb.MkdirOption](c, 2)...) },
	"Mkfile":  func(c *call) any { return llb.Mkfile(c.str(0), c.mode(1), c.bytes(2), rest[llb.MkfileOption](c, 3)...) },
	"Rm":      func(c *call) any { return llb.Rm(c.str(0), rest[llb.RmOption](c, 1)...) },
	"Symlink": func(c *call) any { return llb.Symlink(c.str(0), c.str(1), rest[llb.SymlinkOption](c, 2)...) },
	"Copy": func(c *call) any {
		return llb.Copy(arg[llb.CopyInput](c, 0), c.str(1), c.str(2), rest[llb.CopyOption](c, 3)...)
	},

	"FileAction.Mkdir": func(c *call) any {
		return arg[*llb.FileAction](c, 0).Mkdir(c.str(1), c.mode(2), rest[llb.MkdirOption](c, 3)...)
	},
	"FileAction.Mkfile": func(c *call) any {
		return arg[*llb.FileAction](c, 0).Mkfile(c.str(1), c.mode(2), c.bytes(3), rest[llb.MkfileOption](c, 4)...)
	},
	"FileAction.Rm": func(c *call) any {
		return arg[*llb.FileAction](c, 0).Rm(c.str(1), rest[llb.RmOption](c, 2)...)
	},
	"FileAction.Symlink": func(c *call) any {
		return arg[*llb.FileAction](c, 0).Symlink(c.str(1), c.str(2), rest[llb.SymlinkOption](c, 3)...)
	},
	"FileAction.Copy": func(c *call) any {
		return arg[*llb.FileAction](c, 0).Copy(arg[llb.CopyInput](c, 1), c.str(2), c.str(3), rest[llb.CopyOption](c, 4)...)
	},
	"FileAction.WithState": func(c *call) any { return arg[*llb.FileAction](c, 0).WithState(c.state(1)) },

	"WithParents":         func(c *call) any { return llb.WithParents(c.bool(0)) },
	"WithUser":            func(c *call) any { return llb.WithUser(c.str(0)) },
	"WithUIDGID":          func(c *call) any { return llb.WithUIDGID(c.int(0), c.int(1)) },
	"WithCreatedTime":     func(c *call) any { return llb.WithCreatedTime(c.time(0)) },
	"WithAllowNotFound":   func(c *call) any { return llb.WithAllowNotFound(c.bool(0)) },
	"WithAllowWildcard":   func(c *call) any { return llb.WithAllowWildcard(c.bool(0)) },
	"WithExcludePatterns": func(c *call) any { return llb.WithExcludePatterns(c.strs(0)) },
	"ChownOpt":            func(c *call) any { return record[llb.ChownOpt](c, 0) },
	"ChmodOpt":            func(c *call) any { return *record[modeInfo](c, 0).opt() },
	"RmInfo": func(c *call) any {
		info := record[llb.RmInfo](c, 0)
		return &info
	},
	"MkdirInfo": func(c *call) any {
		info := record[fileInfo](c, 0)
		return &llb.MkdirInfo{MakeParents: info.MakeParents, ChownOpt: info.ChownOpt, CreatedTime: created(info.CreatedTime)}
	},
	"MkfileInfo": func(c *call) any {
		info := record[fileInfo](c, 0)
		return &llb.MkfileInfo{ChownOpt: info.ChownOpt, CreatedTime: created(info.CreatedTime)}
	},
	"SymlinkInfo": func(c *call) any {
		info := record[fileInfo](c, 0)
		return &llb.SymlinkInfo{ChownOpt: info.ChownOpt, CreatedTime: created(info.CreatedTime)}
	},
	"CopyInfo": func(c *call) any {
		given := record[copyInfo](c, 0)
		info := given.CopyInfo
		info.CreatedTime = created(given.CreatedTime)
		if given.Mode != nil {
			info.Mode = given.Mode.opt()
		}
		return &info
	},
}
