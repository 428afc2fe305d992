/** The permitted fields of the documents of an OCI image, by version 1.1 of the image specification. */

/** Says what is wrong with a value, one line each, beginning with where it stands. */
export type Shape = (value: unknown, at: string) => readonly string[];

export function text(pattern = /^/, what = 'a text'): Shape {
  return (value, at) =>
    typeof value === 'string' && pattern.test(value)
      ? []
      : [`${at}: ${JSON.stringify(value)} is not ${what}`];
}

const integer: Shape = (value, at) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? [] : [`${at}: ${JSON.stringify(value)} is not a size`];

const bool: Shape = (value, at) => (typeof value === 'boolean' ? [] : [`${at}: is not true or false`]);

function exactly(wanted: unknown): Shape {
  return (value, at) =>
    value === wanted ? [] : [`${at}: ${JSON.stringify(value)} is not ${JSON.stringify(wanted)}`];
}

function listOf(shape: Shape): Shape {
  return (value, at) =>
    Array.isArray(value) ? value.flatMap((one, i) => shape(one, `${at}[${i}]`)) : [`${at}: is not a list`];
}

function mapOf(key: Shape, shape: Shape): Shape {
  return (value, at) =>
    isObject(value)
      ? Object.entries(value).flatMap(([name, one]) => [
          ...key(name, `${at} key`),
          ...shape(one, `${at}.${name}`),
        ])
      : [`${at}: is not an object`];
}

/** An object with these fields and no others: readers may ignore more, but we have no reason to write any. */
function fields(required: Readonly<Record<string, Shape>>, optional: Readonly<Record<string, Shape>>): Shape {
  return (value, at) => {
    if (!isObject(value)) return [`${at}: is not an object`];
    const lacking = Object.keys(required).filter((name) => value[name] === undefined);
    return [
      ...lacking.map((name) => `${at}.${name}: is missing`),
      ...Object.entries(value).flatMap(([name, one]) => {
        const shape = required[name] ?? optional[name];
        return shape ? shape(one, `${at}.${name}`) : [`${at}.${name}: is not a field of the specification`];
      }),
    ];
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const nothing = fields({}, {});
const time = text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/, 'a time of RFC 3339');
const digest = text(/^sha256:[0-9a-f]{64}$/, 'a sha256 digest');
const mediaType = text(/^[A-Za-z0-9][\w!#$&^.+-]{0,126}\/[A-Za-z0-9][\w!#$&^.+-]{0,126}$/, 'a media type');
const annotations = mapOf(text(/./, 'a key'), text());

const platform = fields(
  { architecture: text(/^[a-z0-9]+$/, 'a GOARCH'), os: text(/^[a-z0-9]+$/, 'a GOOS') },
  { variant: text(/./), 'os.version': text(/./), 'os.features': listOf(text(/./)) },
);

function descriptor(type: Shape): Shape {
  return fields(
    { mediaType: type, digest, size: integer },
    {
      urls: listOf(text(/^[a-z+.-]+:/, 'a URI')),
      annotations,
      platform,
      artifactType: mediaType,
      data: text(),
    },
  );
}

const OCI = 'application/vnd.oci.image';
const layerType = text(
  /^application\/vnd\.oci\.image\.layer\.(nondistributable\.)?v1\.tar(\+gzip|\+zstd)?$/,
  'a type of layers',
);

export const layoutFile = fields({ imageLayoutVersion: exactly('1.0.0') }, {});

export const index = fields(
  {
    schemaVersion: exactly(2),
    manifests: listOf(
      descriptor(text(/^application\/vnd\.oci\.image\.(index|manifest)\.v1\+json$/, 'a type of manifests')),
    ),
  },
  { mediaType: exactly(`${OCI}.index.v1+json`), annotations },
);

export const manifest = fields(
  {
    schemaVersion: exactly(2),
    config: descriptor(exactly(`${OCI}.config.v1+json`)),
    layers: listOf(descriptor(layerType)),
  },
  { mediaType: exactly(`${OCI}.manifest.v1+json`), annotations },
);

const port = text(/^\d{1,5}(\/(tcp|udp))?$/, 'a port');

export const config = fields(
  {
    architecture: text(/^[a-z0-9]+$/, 'a GOARCH'),
    os: text(/^[a-z0-9]+$/, 'a GOOS'),
    rootfs: fields({ type: exactly('layers'), diff_ids: listOf(digest) }, {}),
  },
  {
    created: time,
    author: text(),
    variant: text(/./),
    'os.version': text(/./),
    'os.features': listOf(text(/./)),
    config: fields(
      {},
      {
        User: text(),
        ExposedPorts: mapOf(port, nothing),
        Env: listOf(text(/^[^=]+=/, 'NAME=VALUE')),
        Entrypoint: listOf(text()),
        Cmd: listOf(text()),
        Volumes: mapOf(text(/./), nothing),
        WorkingDir: text(),
        Labels: annotations,
        StopSignal: text(/^(SIG[A-Z0-9+-]+|\d+)$/, 'a signal'),
        ArgsEscaped: bool,
      },
    ),
    history: listOf(
      fields({}, { created: time, author: text(), created_by: text(), comment: text(), empty_layer: bool }),
    ),
  },
);
