package recipe

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strconv"
	"time"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// as asserts the type of an evaluated value. A Run is a state wherever a state is wanted, a function a state option.
func as[T any](where string, value any) T {
	if exec, ok := value.(llb.ExecState); ok {
		if t, ok := any(exec.State).(T); ok {
			return t
		}
	}
	if fn, ok := value.(*lambda); ok {
		if t, ok := any(fn.stateOption()).(T); ok {
			return t
		}
	}
	t, ok := value.(T)
	if value == nil && any(t) == nil {
		return t // scratch has no output
	}
	if !ok {
		fail("%s: %T is not a %T", where, value, t)
	}
	return t
}

func (c *call) raw(i int) any {
	if i >= len(c.args) {
		fail("%s: argument %d is missing", c.name, i+1)
	}
	return c.args[i]
}

// arg evaluates argument i.
func arg[T any](c *call, i int) T { return as[T](c.name, eval(c.raw(i), c.scope)) }

// rest evaluates the arguments from i on.
func rest[T any](c *call, from int) []T {
	var out []T
	for i := from; i < len(c.args); i++ {
		out = append(out, arg[T](c, i))
	}
	return out
}

// list evaluates the members of argument i, a list of expressions.
func list[T any](c *call, i int) []T {
	var out []T
	for _, member := range as[[]any](c.name, c.raw(i)) {
		out = append(out, as[T](c.name, eval(member, c.scope)))
	}
	return out
}

func (c *call) str(i int) string { return arg[string](c, i) }

func (c *call) bool(i int) bool { return arg[bool](c, i) }

// strs is a list of plain strings.
func (c *call) strs(i int) []string {
	var out []string
	for _, member := range as[[]any](c.name, c.raw(i)) {
		out = append(out, as[string](c.name, member))
	}
	return out
}

// record is an object of plain values, decoded into T by its JSON names.
func record[T any](c *call, i int) T {
	var out T
	data, err := json.Marshal(c.raw(i))
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		fail("%s: argument %d: %v", c.name, i+1, err)
	}
	return out
}

func (c *call) int(i int) int { return int(c.int64(i)) }

// int64 is a number, or a string of digits where a JSON number would not be exact.
func (c *call) int64(i int) int64 { return integer(c.name, c.raw(i)) }

func integer(where string, value any) int64 {
	var text string
	switch v := value.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		fail("%s: %v is not a whole number", where, value)
	}
	return n
}

// codes are all arguments as whole numbers.
func (c *call) codes() []int {
	var out []int
	for i := range c.args {
		out = append(out, c.int(i))
	}
	return out
}

// mode is a string of octal digits.
func (c *call) mode(i int) os.FileMode { return octal(c.name, c.raw(i)) }

func octal(where string, value any) os.FileMode {
	n, err := strconv.ParseUint(as[string](where, value), 8, 32)
	if err != nil {
		fail("%s: %v is not an octal mode", where, value)
	}
	return os.FileMode(n)
}

// time is a string of digits: nanoseconds since 1970.
func (c *call) time(i int) time.Time { return time.Unix(0, c.int64(i)) }

// bytes is a string, or {"base64": string} for what is no text.
func (c *call) bytes(i int) []byte {
	switch v := c.raw(i).(type) {
	case nil:
		return nil
	case string:
		return []byte(v)
	case map[string]any:
		data, err := base64.StdEncoding.DecodeString(as[string](c.name, v["base64"]))
		if err != nil {
			fail("%s: %v", c.name, err)
		}
		return data
	}
	fail("%s: argument %d is no data", c.name, i+1)
	return nil
}

// values are the operands of a format string.
func (c *call) values(from int) []any {
	var out []any
	for _, value := range c.args[from:] {
		if n, ok := value.(json.Number); ok {
			out = append(out, integer(c.name, n))
			continue
		}
		out = append(out, value)
	}
	return out
}

func (c *call) platform(i int) ocispecs.Platform { return record[ocispecs.Platform](c, i) }

// ranges is a list of [start line, start character, end line, end character].
func (c *call) ranges(i int) []*pb.Range {
	out := []*pb.Range{}
	for _, r := range record[[][4]int32](c, i) {
		out = append(out, &pb.Range{
			Start: &pb.Position{Line: r[0], Character: r[1]},
			End:   &pb.Position{Line: r[2], Character: r[3]},
		})
	}
	return out
}

// constraintsOf is a constraints value built from options, as the constructors of vertices take it.
func constraintsOf(options []llb.ConstraintsOpt) llb.Constraints {
	var c llb.Constraints
	for _, option := range options {
		option.SetConstraintsOption(&c)
	}
	return c
}
