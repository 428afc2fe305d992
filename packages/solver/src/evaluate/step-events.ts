import { type ProgressEvent, redactUrls, SolveFailure } from '@llb-ts/backend';
import type { Vertex } from '../graph/vertex.ts';

/** That there is a step. */
export function announcement(vertex: Vertex): ProgressEvent {
  const group = vertex.metadata.progressGroup;
  return {
    type: 'vertex',
    time: Date.now(),
    digest: vertex.digest,
    inputs: vertex.inputs.map((input) => input.vertex.digest),
    name: vertex.title,
    ...(group && { progressGroup: group }),
    ...(vertex.location && { location: vertex.location }),
  };
}

/** That a step has ended without a result. */
export function failed({ digest }: Vertex, { message }: SolveFailure, cancelled: boolean): ProgressEvent {
  return {
    type: 'completed',
    time: Date.now(),
    digest,
    cached: false,
    error: message,
    ...(cancelled && { cancelled }),
  };
}

/** A failure that says at which step it happened. */
export function placed(
  { code, message, details }: SolveFailure,
  { digest, title, location, op }: Vertex,
): SolveFailure {
  // Messages of programs and servers about a source may repeat its URL.
  const text = op.kind === 'source' ? redactUrls(message) : message;
  return new SolveFailure(code, text, details).with({
    vertex: digest,
    vertexName: title,
    ...(location && { location }),
  });
}
