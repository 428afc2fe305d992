/** Exported names of `client/llb` that no recipe uses, and the reason. The first pattern that fits a name counts. */
export const notInRecipes: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^(type|embed|ifacemethod) /, 'a type has no bytes; its functions and fields have'],
  [/^method \w+\.Set\w+Option$/, 'how Go applies an option: every recipe with the option uses it'],
  [
    /^method (Exec|Source|File|Merge|Diff|Passthrough|Definition)Op\.(Marshal|Inputs|Validate)$/,
    'how Go marshals a vertex: every recipe with such a vertex uses it',
  ],
  [
    /^method DefinitionOp\.(ToInput|Vertex)$/,
    'how Go marshals a vertex: every recipe with such a vertex uses it',
  ],
  [
    /^(func New(ExecOp|FileOp|Merge|Diff)|method (Exec|File|Merge|Diff)Op\.\w+)$/,
    'what State.Run, State.File, Merge and Diff call; llb-ts has only these',
  ],
  [/^method MarshalCache/, 'a cache inside of the Go client'],
  [
    /^(func (NewConstraints|MarshalConstraints)|field Constraints\.)/,
    'constraints as a value: every option of the recipes sets them',
  ],
  [
    /^(func NewOpMetadata|(method|field) OpMetadata\.)/,
    'metadata as a value: every option of the recipes sets it, and it is compared',
  ],
  [/^method State\.Validate$/, 'a check before marshaling; llb-ts checks when a verb is called'],
  [/^field Definition\./, 'a definition as a value: what marshaling gives, and it is compared'],
  [
    /^field (Exec|Git|GitBundle|HTTP|Image|Local|Mount|Secret|SSH|Tmpfs|CDIDevice|Differ)Info\./,
    'set by options only: the recipes use the options',
  ],
  [
    /^field (HostIP|PassthroughInput|SourceLocation|SourceMap)\./,
    'set by functions only: the recipes use the functions',
  ],
];
