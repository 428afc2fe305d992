// Package expected writes what the reference made of a recipe, in a form that another implementation can produce from
// its own result and compare.
package expected

import (
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

// Definition is a pb.Definition with nothing left out that is on the wire.
type Definition struct {
	Ops []Op `json:"ops"`
	// Infos is nil when the definition has no source record at all.
	Infos []Info `json:"infos"`
}

// Op is one entry of a definition and what the maps beside it say about its digest.
type Op struct {
	Digest digest.Digest `json:"digest"`
	Bytes  []byte        `json:"bytes"`
	// Metadata is nil when there is no record.
	Metadata *Metadata `json:"metadata"`
	// Locations is nil when there is no record.
	Locations []Location `json:"locations"`
}

// Metadata is a pb.OpMetadata.
type Metadata struct {
	IgnoreCache    bool              `json:"ignoreCache,omitempty"`
	Description    map[string]string `json:"description,omitempty"`
	ExportCache    *bool             `json:"exportCache,omitempty"`
	Caps           []string          `json:"caps"`
	ProgressGroup  *ProgressGroup    `json:"progressGroup,omitempty"`
	LinuxResources *LinuxResources   `json:"linuxResources,omitempty"`
}

// ProgressGroup is a pb.ProgressGroup.
type ProgressGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Weak bool   `json:"weak"`
}

// LinuxResources is a pb.LinuxResources; numbers are strings, since JSON's are not exact.
type LinuxResources struct {
	Memory     string `json:"memory"`
	MemorySwap string `json:"memorySwap"`
	CPUShares  string `json:"cpuShares"`
	CPUPeriod  string `json:"cpuPeriod"`
	CPUQuota   string `json:"cpuQuota"`
	CpusetCpus string `json:"cpusetCpus"`
	CpusetMems string `json:"cpusetMems"`
}

// Location is a pb.Location; a range is start line, start character, end line, end character.
type Location struct {
	Source int32      `json:"source"`
	Ranges [][4]int32 `json:"ranges"`
}

// Info is a pb.SourceInfo.
type Info struct {
	Filename   string      `json:"filename"`
	Language   string      `json:"language"`
	Data       []byte      `json:"data"`
	Definition *Definition `json:"definition,omitempty"`
}

// Describe describes a definition.
func Describe(def *pb.Definition) *Definition {
	out := &Definition{Ops: []Op{}}
	for _, bytes := range def.Def {
		dgst := digest.FromBytes(bytes)
		out.Ops = append(out.Ops, Op{
			Digest:    dgst,
			Bytes:     bytes,
			Metadata:  metadata(def.Metadata[string(dgst)]),
			Locations: locations(def.Source, dgst),
		})
	}
	if def.Source != nil {
		out.Infos = []Info{}
		for _, info := range def.Source.Infos {
			described := Info{Filename: info.Filename, Language: info.Language, Data: info.Data}
			if described.Data == nil {
				described.Data = []byte{}
			}
			if info.Definition != nil {
				described.Definition = Describe(info.Definition)
			}
			out.Infos = append(out.Infos, described)
		}
	}
	return out
}

func metadata(m *pb.OpMetadata) *Metadata {
	if m == nil {
		return nil
	}
	out := &Metadata{IgnoreCache: m.IgnoreCache, Description: m.Description, Caps: []string{}}
	for _, id := range slices.Sorted(maps.Keys(m.Caps)) {
		if !m.Caps[id] {
			id = "!" + id
		}
		out.Caps = append(out.Caps, id)
	}
	if m.ExportCache != nil {
		out.ExportCache = &m.ExportCache.Value
	}
	if g := m.ProgressGroup; g != nil {
		out.ProgressGroup = &ProgressGroup{ID: g.Id, Name: g.Name, Weak: g.Weak}
	}
	if r := m.LinuxResources; r != nil {
		out.LinuxResources = &LinuxResources{
			Memory:     strconv.FormatInt(r.Memory, 10),
			MemorySwap: strconv.FormatInt(r.MemorySwap, 10),
			CPUShares:  strconv.FormatUint(r.CpuShares, 10),
			CPUPeriod:  strconv.FormatUint(r.CpuPeriod, 10),
			CPUQuota:   strconv.FormatInt(r.CpuQuota, 10),
			CpusetCpus: r.CpusetCpus,
			CpusetMems: r.CpusetMems,
		}
	}
	return out
}

func locations(source *pb.Source, dgst digest.Digest) []Location {
	if source == nil || source.Locations[string(dgst)] == nil {
		return nil
	}
	out := []Location{}
	for _, location := range source.Locations[string(dgst)].Locations {
		described := Location{Source: location.SourceIndex, Ranges: [][4]int32{}}
		for _, r := range location.Ranges {
			described.Ranges = append(described.Ranges, [4]int32{
				r.GetStart().GetLine(), r.GetStart().GetCharacter(), r.GetEnd().GetLine(), r.GetEnd().GetCharacter(),
			})
		}
		out = append(out, described)
	}
	return out
}

// Plain turns a value that a recipe asked for into one of JSON.
func Plain(value any) any {
	switch v := value.(type) {
	case []byte:
		if utf8.Valid(v) {
			return string(v)
		}
		return v
	case *pb.Definition:
		return Describe(v)
	case *pb.OpMetadata:
		return metadata(v)
	}
	return value
}
