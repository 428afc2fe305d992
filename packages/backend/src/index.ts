/** What to solve means: request, progress, failure. Types, one error class, one empty request. */
export type { Backend } from './backend.ts';
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
export {
  defaultRequest,
  type ExportDestination,
  type ExportTarget,
  type ImageConfig,
  type LayerSummary,
  type PlatformDefinition,
  type SolveRequest,
  type SolveResult,
} from './request.ts';
export type {
  ImageConfigOptions,
  ResolvedImageConfig,
  ResolvedSource,
  ResolveRequest,
  SourceQuestion,
  SourceResolver,
} from './source-resolver.ts';
