const MOST_LINES = 20;
const LONGEST_LINE = 2_000;

/** Keeps the last lines of what a process writes, for the failure that it may end in. */
export class LastLines {
  readonly #lines: string[] = [];
  #open = '';

  add(data: Uint8Array): void {
    const parts = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8').split('\n');
    this.#open = (this.#open + parts[0]).slice(-LONGEST_LINE);
    for (const part of parts.slice(1)) {
      this.#lines.push(this.#open);
      this.#open = part.slice(-LONGEST_LINE);
    }
    this.#lines.splice(0, this.#lines.length - MOST_LINES);
  }

  get lines(): readonly string[] {
    return this.#open === '' ? [...this.#lines] : [...this.#lines, this.#open].slice(-MOST_LINES);
  }
}
