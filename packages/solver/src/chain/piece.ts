import type { LayerPiece } from './ref.ts';

/** The id under which the layer of a piece is stored. */
export function layerIdOf(piece: LayerPiece): string {
  return piece.kind === 'layer' ? piece.layer : `diff-${piece.id}`;
}
