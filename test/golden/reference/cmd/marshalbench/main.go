// Command marshalbench measures how long BuildKit's own client takes to marshal one kind of graph.
//
//	marshalbench chain|merge SIZE RUNS
//
// It prints one line of JSON: milliseconds of each marshal, every one of a graph made anew (the first is the cold one),
// on the clock and of processors, those of making the graphs, the peak memory of the process, and the digest of the
// result.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/moby/buildkit/client/llb"
)

type report struct {
	Make    []float64 `json:"make"`
	Marshal []float64 `json:"marshal"`
	CPU     []float64 `json:"cpu"`
	Ops     int       `json:"ops"`
	Head    string    `json:"head"`
	// PeakMiB is the largest resident size of the process.
	PeakMiB float64 `json:"peakMiB"`
}

// A chain is Run after Run on an image; a merge is many one-file states side by side.
var shapes = map[string]func(int) llb.State{
	"chain": func(size int) llb.State {
		st := llb.Image("alpine")
		for i := range size {
			st = st.Run(llb.Shlexf("echo %d", i)).Root()
		}
		return st
	},
	"merge": func(size int) llb.State {
		var states []llb.State
		for i := range size {
			states = append(states, llb.Scratch().File(llb.Mkfile("/f"+strconv.Itoa(i), 0o644, []byte("x"))))
		}
		return llb.Merge(states)
	},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "marshalbench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 || shapes[args[0]] == nil {
		return fmt.Errorf("usage: marshalbench chain|merge SIZE RUNS")
	}
	size, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	runs, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}

	var out report
	for range runs {
		start := time.Now()
		st := shapes[args[0]](size)
		out.Make = append(out.Make, since(start))

		busy := usage()
		start = time.Now()
		def, err := st.Marshal(context.Background(), llb.LinuxAmd64)
		out.Marshal = append(out.Marshal, since(start))
		out.CPU = append(out.CPU, processors(usage())-processors(busy))
		if err != nil {
			return err
		}
		out.Ops = len(def.Def)
		head, err := def.Head()
		if err != nil {
			return err
		}
		out.Head = string(head)
	}

	out.PeakMiB = float64(usage().Maxrss) / 1024
	return json.NewEncoder(os.Stdout).Encode(out)
}

func usage() syscall.Rusage {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u
}

func processors(u syscall.Rusage) float64 {
	return float64(time.Duration(u.Utime.Nano()+u.Stime.Nano()).Microseconds()) / 1000
}

func since(start time.Time) float64 { return float64(time.Since(start).Microseconds()) / 1000 }
