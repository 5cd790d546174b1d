// What a run found: facts that hold or do not, and tables to read.

export class Report {
  constructor() {
    this.failures = [];
    this.facts = 0;
  }

  /** Notes a fact; a false one does not stop the run, so that one run shows everything that is wrong. */
  fact(holds, what, detail = "") {
    this.facts += 1;
    if (!holds) {
      const text = typeof detail === "string" ? detail : JSON.stringify(detail);
      this.failures.push(text ? `${what}: ${text}` : what);
      console.log(`  ✗ ${this.failures.at(-1)}`);
    }
    return Boolean(holds);
  }

  equal(seen, expected, what) {
    const [a, b] = [canonical(seen), canonical(expected)];
    return this.fact(a === b, what, a === b ? "" : `${a} instead of ${b}`);
  }

  /** Notes each of these as a fact that does not hold; none of them is a fact that does. */
  none(found, what) {
    if (found.length === 0) return this.fact(true, what);
    for (const one of found) this.fact(false, what, one);
    return false;
  }

  /** Takes over what another one noted. */
  add(other) {
    this.facts += other.facts;
    this.failures.push(...other.failures);
  }

  /** Runs a step by its name; an exception fails the step, not the run. */
  async step(name, run) {
    const began = performance.now();
    const before = this.failures.length;
    try {
      return await run();
    } catch (error) {
      this.failures.push(`${name}: ${error.message.split("\n").slice(0, 4).join(" ").slice(0, 500)}`);
      console.log(`  ✗ ${name}: ${String(error.stack ?? error).slice(0, 2000)}`);
      return undefined;
    } finally {
      console.log(`${this.failures.length === before ? "✓" : "✗"} ${name} (${Math.round(performance.now() - began)} ms)`);
    }
  }

  /** Prints the verdict; the exit code of the run. */
  end(name) {
    if (this.failures.length === 0) {
      console.log(`\n${name}: ${this.facts} facts hold`);
      return 0;
    }
    console.log(`\n${name}: ${this.failures.length} of ${this.facts} facts do not hold`);
    for (const failure of this.failures) console.log(`  ✗ ${failure}`);
    return 1;
  }
}

/** JSON with sorted keys, so that order does not count. */
export function canonical(value) {
  return JSON.stringify(value, (_, inner) =>
    inner && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : typeof inner === "bigint"
        ? inner.toString()
        : inner,
  );
}

/** Prints rows of cells under a head, aligned; numbers to the right. */
export function table(head, rows) {
  const cells = [head, ...rows].map((row) => row.map((cell) => String(cell ?? "")));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => [...row[column]].length)));
  const numeric = head.map((_, column) => rows.length > 0 && rows.every((row) => /^[\d.,–-]*$/.test(String(row[column] ?? ""))));
  const line = (row) =>
    row.map((cell, column) => (numeric[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join("  ").trimEnd();
  console.log(line(cells[0]));
  console.log(widths.map((width) => "─".repeat(width)).join("  "));
  for (const row of cells.slice(1)) console.log(line(row));
}
