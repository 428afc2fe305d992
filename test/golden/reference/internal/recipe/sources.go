package recipe

import (
	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"
)

func (c *call) digest(i int) digest.Digest { return digest.Digest(c.str(i)) }

// sources holds the constructors of sources and their options.
var sources = table{
	"Scratch": func(*call) any { return llb.Scratch() },

	"Image":                  func(c *call) any { return llb.Image(c.str(0), rest[llb.ImageOption](c, 1)...) },
	"MarkImageInternal":      func(*call) any { return llb.MarkImageInternal },
	"ResolveModeDefault":     func(*call) any { return llb.ResolveModeDefault },
	"ResolveModeForcePull":   func(*call) any { return llb.ResolveModeForcePull },
	"ResolveModePreferLocal": func(*call) any { return llb.ResolveModePreferLocal },
	"ResolveMode.String":     func(c *call) any { return arg[llb.ResolveMode](c, 0).String() },
	"WithMetaResolver":       func(c *call) any { return llb.WithMetaResolver(arg[llb.ImageMetaResolver](c, 0)) },
	"ResolveDigest":          func(c *call) any { return llb.ResolveDigest(c.bool(0)) },
	"WithLayerLimit":         func(c *call) any { return llb.WithLayerLimit(c.int(0)) },
	"WithImageChecksum":      func(c *call) any { return llb.WithImageChecksum(c.digest(0)) },

	"ImageBlob":         func(c *call) any { return llb.ImageBlob(c.str(0), rest[llb.ImageBlobOption](c, 1)...) },
	"OCILayoutBlob":     func(c *call) any { return llb.OCILayoutBlob(c.str(0), rest[llb.ImageBlobOption](c, 1)...) },
	"ImageBlobOCIStore": func(c *call) any { return llb.ImageBlobOCIStore(c.str(0), c.str(1)) },

	"OCILayout":     func(c *call) any { return llb.OCILayout(c.str(0), rest[llb.OCILayoutOption](c, 1)...) },
	"OCIStore":      func(c *call) any { return llb.OCIStore(c.str(0), c.str(1)) },
	"OCILayerLimit": func(c *call) any { return llb.OCILayerLimit(c.int(0)) },
	"OCIChecksum":   func(c *call) any { return llb.OCIChecksum(c.digest(0)) },

	"Local":                func(c *call) any { return llb.Local(c.str(0), rest[llb.LocalOption](c, 1)...) },
	"SessionID":            func(c *call) any { return llb.SessionID(c.str(0)) },
	"IncludePatterns":      func(c *call) any { return llb.IncludePatterns(c.strs(0)) },
	"ExcludePatterns":      func(c *call) any { return llb.ExcludePatterns(c.strs(0)) },
	"FollowPaths":          func(c *call) any { return llb.FollowPaths(c.strs(0)) },
	"SharedKeyHint":        func(c *call) any { return llb.SharedKeyHint(c.str(0)) },
	"Differ":               func(c *call) any { return llb.Differ(arg[llb.DiffType](c, 0), c.bool(1)) },
	"DiffNone":             func(*call) any { return llb.DiffNone },
	"DiffMetadata":         func(*call) any { return llb.DiffMetadata },
	"MetadataOnlyTransfer": func(c *call) any { return llb.MetadataOnlyTransfer(c.strs(0)) },

	"HTTP":     func(c *call) any { return llb.HTTP(c.str(0), rest[llb.HTTPOption](c, 1)...) },
	"Checksum": func(c *call) any { return llb.Checksum(c.digest(0)) },
	"Chmod":    func(c *call) any { return llb.Chmod(c.mode(0)) },
	"Chown":    func(c *call) any { return llb.Chown(c.int(0), c.int(1)) },
	"Filename": func(c *call) any { return llb.Filename(c.str(0)) },
	"Header":   func(c *call) any { return llb.Header(record[llb.HTTPHeader](c, 0)) },
	"VerifyPGPSignature": func(c *call) any {
		info := record[struct{ PubKey, Signature string }](c, 0)
		return llb.VerifyPGPSignature(llb.HTTPSignatureInfo{
			PubKey:    []byte(info.PubKey),
			Signature: []byte(info.Signature),
		})
	},
	"AuthHeaderSecret": func(c *call) any { return llb.AuthHeaderSecret(c.str(0)) },

	"Git":               func(c *call) any { return llb.Git(c.str(0), c.str(1), rest[llb.GitOption](c, 2)...) },
	"GitRef":            func(c *call) any { return llb.GitRef(c.str(0)) },
	"GitSubDir":         func(c *call) any { return llb.GitSubDir(c.str(0)) },
	"GitSkipSubmodules": func(*call) any { return llb.GitSkipSubmodules() },
	"GitMTime":          func(c *call) any { return llb.GitMTime(c.str(0)) },
	"GitMTimeCommit":    func(*call) any { return llb.GitMTimeCommit() },
	"GitAdvice":         func(c *call) any { return llb.GitAdvice(c.bool(0)) },
	"KeepGitDir":        func(*call) any { return llb.KeepGitDir() },
	"AuthTokenSecret":   func(c *call) any { return llb.AuthTokenSecret(c.str(0)) },
	"GitAuthTokenKey":   func(*call) any { return llb.GitAuthTokenKey },
	"GitAuthHeaderKey":  func(*call) any { return llb.GitAuthHeaderKey },
	"KnownSSHHosts":     func(c *call) any { return llb.KnownSSHHosts(c.str(0)) },
	"MountSSHSock":      func(c *call) any { return llb.MountSSHSock(c.str(0)) },
	"GitChecksum":       func(c *call) any { return llb.GitChecksum(c.str(0)) },
	"GitFetchByCommit":  func(*call) any { return llb.GitFetchByCommit() },
	"GitBundleURL":      func(c *call) any { return llb.GitBundleURL(c.str(0), rest[llb.GitBundleOption](c, 1)...) },
	"GitBundleOCIStore": func(c *call) any { return llb.GitBundleOCIStore(c.str(0), c.str(1)) },
	"GitCheckoutBundle": func(*call) any { return llb.GitCheckoutBundle() },

	"NewSource": func(c *call) any {
		return llb.NewSource(c.str(0), record[map[string]string](c, 1), constraintsOf(rest[llb.ConstraintsOpt](c, 2)))
	},
}
