import type { BlobSource, FileSettings, GitSource, HTTPSource, LocalSource, SourceVertex } from '@llb-ts/llb';
import type { Capability } from '../base/capabilities.ts';
import { parseIgnoreFile } from '../base/ignore-file.ts';
import type { Context, Lowered } from './lowered.ts';

interface Written {
  readonly identifier: string;
  readonly attrs: Attributes;
  readonly caps: readonly Capability[];
}
type Attributes = Record<string, string>;

/** A source as identifier and attributes (`client/llb/source.go`, docs/buildkit-semantics.md#sources-as-identifiers). Empty settings are not written. */
export function lowerSource(vertex: SourceVertex, context: Context): Lowered {
  const { identifier, attrs, caps } = write(vertex, context);
  const platform = vertex.constraints.platform ?? context.constraints.platform;
  const hasPlatform = identifier.startsWith('docker-image://') || identifier.startsWith('oci-layout://');
  return {
    op: { kind: 'source', identifier, attrs },
    inputs: [],
    platform: hasPlatform ? platform : undefined,
    caps,
  };
}

function write(vertex: SourceVertex, context: Context): Written {
  const { source } = vertex;
  switch (source.type) {
    case 'image': {
      const collector = new Collector('source.image');
      if (source.resolveMode !== 'default') collector.attrs['image.resolvemode'] = source.resolveMode;
      if (source.resolveMode === 'pull') collector.caps.push('source.image.resolvemode');
      collector.set('image.recordtype', source.recordType);
      collector.set('image.layerlimit', decimal(source.layerLimit), 'source.image.layerlimit');
      collector.set('image.checksum', source.checksum, 'source.image.checksum');
      return collector.written(`docker-image://${source.ref}`);
    }
    case 'blob':
      return writeBlob(source);
    case 'oci-layout': {
      const collector = new Collector('source.ocilayout');
      collector.set('oci.session', source.sessionID);
      collector.set('oci.store', source.storeID);
      collector.set('oci.layerlimit', decimal(source.layerLimit));
      return collector.written(`oci-layout://${source.ref}`);
    }
    case 'local':
      return writeLocal(
        source,
        [...ignoredBy(source, vertex, context), ...source.excludePatterns],
        vertex.constraints.localUniqueID || context.constraints.localUniqueID,
      );
    case 'http':
      return writeHTTP(source);
    case 'git':
      return writeGit(source);
    case 'raw': {
      const collector = new Collector();
      Object.assign(collector.attrs, source.attrs);
      if (source.identifier.startsWith('local://')) {
        unique(collector, vertex.constraints.localUniqueID || context.constraints.localUniqueID);
      }
      return collector.written(source.identifier);
    }
  }
}

/** Attributes and the capabilities that come with them. */
class Collector {
  readonly attrs: Attributes = {};
  readonly caps: Capability[];

  constructor(...caps: Capability[]) {
    this.caps = caps;
  }

  set(name: string, value: string, cap?: Capability): void {
    if (value === '') return;
    this.attrs[name] = value;
    if (cap) this.caps.push(cap);
  }

  flag(name: string, on: boolean, cap?: Capability): void {
    this.set(name, on ? 'true' : '', cap);
  }

  written(identifier: string): Written {
    return { identifier, attrs: this.attrs, caps: this.caps };
  }
}

function writeBlob(source: BlobSource): Written {
  const collector = new Collector('source.imageblob');
  writeFile(collector, source.file);
  if (source.from === 'registry') return collector.written(`docker-image+blob://${source.ref}`);
  collector.set('oci.session', source.sessionID);
  collector.set('oci.store', source.storeID);
  return collector.written(`oci-layout+blob://${source.ref}`);
}

function writeFile(collector: Collector, file: FileSettings, perm?: Capability, owner?: Capability): void {
  collector.set('http.filename', file.filename);
  collector.set('http.perm', file.perm === 0 ? '' : `0${file.perm.toString(8)}`, perm);
  collector.set('http.uid', file.uid === 0 ? '' : String(file.uid), owner);
  collector.set('http.gid', file.gid === 0 ? '' : String(file.gid), owner);
}

/** The file comes first, so that `excludePatterns` can take back what it leaves out. */
function ignoredBy(
  { name, dir, ignoreFile }: LocalSource,
  { callSite }: SourceVertex,
  context: Context,
): readonly string[] {
  if (ignoreFile === undefined) return [];
  return parseIgnoreFile(context.ignoreFileText({ name, dir, ignoreFile }, callSite) ?? '');
}

function writeLocal(source: LocalSource, excludePatterns: readonly string[], uniqueID: string): Written {
  const collector = new Collector('source.local');
  collector.set('local.session', source.sessionID, 'source.local.sessionid');
  collector.set('local.includepattern', json(source.includePatterns), 'source.local.includepatterns');
  collector.set('local.followpaths', json(source.followPaths), 'source.local.followpaths');
  collector.set('local.excludepatterns', json(excludePatterns), 'source.local.excludepatterns');
  collector.set('local.sharedkeyhint', source.sharedKeyHint, 'source.local.sharedkeyhint');
  const { differ, metadataOnlyExcept } = source;
  if (differ) collector.set('local.differ', differ.type, differ.required ? 'source.local.differ' : undefined);
  if (metadataOnlyExcept) {
    collector.flag('local.metadatatransfer', true, 'source.local.metadatatransfer');
    collector.set('local.metadatatransferexclude', json(metadataOnlyExcept));
  }
  unique(collector, uniqueID);
  return collector.written(`local://${source.name}`);
}

/** Without a session, what tells one upload from another is an id of the marshal. */
function unique(collector: Collector, id: string): void {
  if (collector.attrs['local.session'] !== undefined) return;
  collector.attrs['local.unique'] = id;
  collector.caps.push('source.local.unique');
}

function writeHTTP(source: HTTPSource): Written {
  const collector = new Collector('source.http');
  collector.set('http.checksum', source.checksum, 'source.http.checksum');
  writeFile(collector, source.file, 'source.http.perm', 'soruce.http.uidgid');
  collector.set('http.authheadersecret', source.authHeaderSecret, 'source.http.auth');
  if (source.header) {
    collector.set('http.header.accept', source.header.accept);
    collector.set('http.header.user-agent', source.header.userAgent);
    collector.caps.push('source.http.header');
  }
  if (source.signature) {
    collector.set('http.sig.pubkey', source.signature.pubKey);
    collector.set('http.sig.signature', source.signature.signature);
    collector.caps.push('source.http.signatureverify');
  }
  return collector.written(source.url);
}

function writeGit(source: GitSource): Written {
  const collector = new Collector('source.git');
  const auth = source.authChosen ? 'source.git.httpauth' : undefined;
  collector.flag('git.keepgitdir', source.keepGitDir, 'source.git.keepgitdir');
  collector.set('git.fullurl', source.url, 'source.git.fullurl');
  collector.set('git.authtokensecret', source.authTokenSecret, auth);
  collector.set('git.authheadersecret', source.authHeaderSecret, auth);
  if (source.ssh) {
    collector.set('git.knownsshhosts', source.knownSSHHosts, 'source.git.knownsshhosts');
    collector.set('git.mountsshsock', source.mountSSHSock || 'default', 'source.git.mountsshsock');
  }
  collector.set('git.checksum', source.checksum, 'source.git.checksum');
  collector.flag('git.skipsubmodules', source.skipSubmodules, 'source.git.skipsubmodules');
  collector.set('git.mtime', source.mtime, 'source.git.mtime');
  collector.flag('git.advice', source.advice);
  collector.flag('git.fetchbycommit', source.fetchByCommit, 'source.git.fetchbycommit');
  collector.set('git.bundle', source.bundle, 'source.git.bundle');
  collector.set('oci.session', source.bundleOCISessionID);
  collector.set('oci.store', source.bundleOCIStoreID);
  collector.flag('git.checkoutbundle', source.checkoutBundle, 'source.git.checkoutbundle');
  const fragment = source.subDir ? `${source.ref}:${source.subDir}` : source.ref;
  return collector.written(`git://${source.repository}${fragment && `#${fragment}`}`);
}

function decimal(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}

/** A list as Go's `encoding/json` writes it; `''` for an empty one. */
function json(list: readonly string[]): string {
  if (list.length === 0) return '';
  return JSON.stringify(list).replace(/[<>&\u2028\u2029]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
