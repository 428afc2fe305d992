// The idea: a state is a value. Every verb returns a new state and leaves the one it was called on alone, so states can
// be kept, branched from and passed around like any other value. Nothing runs until somebody solves the result.
import { Mkdir, Mkfile, Scratch } from 'llb-ts';

// Scratch is the empty filesystem; one `File` call is one step, however many actions are chained in it.
const base = Scratch().File(Mkdir('/etc', 0o755).Mkfile('/etc/motd', 0o644, 'hello\n'));

// Both of these stand on `base`, which is built once.
const english = base.File(Mkfile('/greeting', 0o644, 'good morning\n'));
const german = base.File(Mkfile('/greeting', 0o644, 'guten Morgen\n'));

// A record of named targets: `llb-ts solve build.ts german -o out`.
export default { default: english, english, german };
