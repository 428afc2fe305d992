// Command platforms solves a build for several platforms on a BuildKit and exports it, as a client does that drives the
// build itself: one definition a platform, one result of all of them. It reads the request as JSON on standard input.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

type request struct {
	Address string
	Parts   []part
	Export  export
}

type part struct {
	ID         string
	Platform   ocispecs.Platform
	Definition []byte
	// The whole image config.
	Config json.RawMessage
}

type export struct {
	Type  string
	Attrs map[string]string
	// A file, or a folder for the type local.
	Dest string
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "platforms:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var req request
	if err := json.NewDecoder(os.Stdin).Decode(&req); err != nil {
		return err
	}
	c, err := client.New(ctx, req.Address)
	if err != nil {
		return err
	}
	defer c.Close()
	opt := client.SolveOpt{Exports: []client.ExportEntry{entryOf(req.Export)}}
	_, err = c.Build(ctx, opt, "", func(ctx context.Context, gw gateway.Client) (*gateway.Result, error) {
		return solve(ctx, gw, req.Parts)
	}, nil)
	return err
}

func entryOf(e export) client.ExportEntry {
	entry := client.ExportEntry{Type: e.Type, Attrs: e.Attrs}
	if e.Type == client.ExporterLocal {
		entry.OutputDir = e.Dest
		return entry
	}
	entry.Output = func(map[string]string) (io.WriteCloser, error) { return os.Create(e.Dest) }
	return entry
}

func solve(ctx context.Context, gw gateway.Client, parts []part) (*gateway.Result, error) {
	result := gateway.NewResult()
	var platforms exptypes.Platforms
	for _, p := range parts {
		def := new(pb.Definition)
		if err := def.Unmarshal(p.Definition); err != nil {
			return nil, err
		}
		solved, err := gw.Solve(ctx, gateway.SolveRequest{Definition: def, Evaluate: true})
		if err != nil {
			return nil, err
		}
		ref, err := solved.SingleRef()
		if err != nil {
			return nil, err
		}
		result.AddRef(p.ID, ref)
		result.AddMeta(fmt.Sprintf("%s/%s", exptypes.ExporterImageConfigKey, p.ID), p.Config)
		platforms.Platforms = append(platforms.Platforms, exptypes.Platform{ID: p.ID, Platform: p.Platform})
	}
	list, err := json.Marshal(platforms)
	if err != nil {
		return nil, err
	}
	result.AddMeta(exptypes.ExporterPlatformsKey, list)
	return result, nil
}
