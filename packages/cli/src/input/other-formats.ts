import { basename } from 'node:path';

/** The format that bytes seem to have which are no definition, and what to do then. Undefined for anything that is no text. */
export function otherFormat(file: string, bytes: Uint8Array): { what: string; help: string } | undefined {
  const text = textOf(bytes);
  if (text === undefined) return undefined;
  if (isDockerfile(basename(file), text)) {
    return {
      what: 'a Dockerfile',
      help: "write the build in TypeScript: FROM is Image('…'), RUN is .Run(Shlex('…')).Root(), COPY is .File(Copy(…)) (llb-ts solve build.ts)",
    };
  }
  if (isModule(text))
    return { what: 'JavaScript or TypeScript', help: 'a build file ends in .ts or .js: rename it' };
  const what = isJson(text) ? 'JSON' : 'text';
  return {
    what,
    help: 'a build file ends in .ts or .js; a definition is what llb-ts marshal and other LLB clients write',
  };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return [...text].some((character) => character < ' ' && !/\s/.test(character)) ? undefined : text;
  } catch {
    return undefined;
  }
}

function isDockerfile(name: string, text: string): boolean {
  if (/^(?:dockerfile|containerfile)(?:\.|$)|\.(?:dockerfile|containerfile)$/i.test(name)) return true;
  const first = text.split('\n').find((line) => /^\s*[^#\s]/.test(line)) ?? '';
  return /^#\s*syntax\s*=/i.test(text) || /^\s*(?:FROM\s+\S|ARG\s+\w)/i.test(first);
}

function isModule(text: string): boolean {
  return /^\s*(?:import\b.*\bfrom\s*['"]|export\s+(?:default|const|function)\b|.*\brequire\(['"])/m.test(
    text,
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
