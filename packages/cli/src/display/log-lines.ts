/** Output of a process, cut into lines. The last line may still be growing. */
export class LogLines {
  #partial = false;
  readonly #decoder = new TextDecoder('utf-8');

  /** True if the last line lacks its end. */
  get isPartial(): boolean {
    return this.#partial;
  }

  /** Calls `add` for each new line and `extend` for text that belongs to the line before. */
  write(data: Uint8Array, add: (line: string) => void, extend: (text: string) => void): void {
    const text = this.#decoder.decode(data, { stream: true });
    if (text === '') return;
    const parts = text.split('\n');
    const rest = parts.pop() as string;
    if (rest !== '') parts.push(rest);
    parts.forEach((part, i) => {
      if (i === 0 && this.#partial) extend(part);
      else add(part);
    });
    this.#partial = rest !== '';
  }
}
