/** The meaning of "to solve": request, capabilities, progress, failure. */
export type { Backend } from './backend.ts';
export {
  type Agent,
  type AgentSource,
  ANONYMOUS,
  agentSockets,
  type Capabilities,
  type CredentialSource,
  type Credentials,
  directories,
  type Folder,
  type FolderSource,
  NO_CREDENTIALS,
  type SecretSource,
} from './capabilities.ts';
export { type FailureCode, type FailureDetails, SolveFailure } from './failure.ts';
export type {
  ProgressEvent,
  SourceLocation,
  VertexCompletedEvent,
  VertexEvent,
  VertexLogEvent,
  VertexStartedEvent,
  VertexStatusEvent,
  WarningEvent,
} from './progress.ts';
export { redactUrls } from './redact.ts';
export {
  type BuildDefinition,
  defaultRequest,
  type ImageConfig,
  type LayerSummary,
  type Output,
  type PlatformDefinition,
  type Sink,
  type SolveRequest,
  type SolveResult,
  type SolveTarget,
} from './request.ts';
export type {
  ImageConfigOptions,
  ResolvedImageConfig,
  ResolvedSource,
  ResolveRequest,
  SourceQuestion,
  SourceResolver,
} from './source-resolver.ts';
