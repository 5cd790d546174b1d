// Marks: a number that must not be exceeded, and whether it was.

export class Marks {
  constructor() {
    this.all = [];
  }

  /** Notes a value against its mark. */
  atMost(what, value, mark, unit) {
    this.all.push({ what, value, mark, unit, pass: value <= mark });
  }

  /** A part that could not be measured misses its marks. */
  failed(what, error) {
    this.all.push({ what: `${what}: ${error.message.split("\n", 1)[0]}`, value: NaN, mark: NaN, unit: "", pass: false });
  }

  print() {
    console.log("\nMarks");
    for (const { what, value, mark, unit, pass } of this.all) {
      const numbers = Number.isNaN(value) ? "not measured" : `${round(value)} ${unit} (mark ${mark} ${unit})`;
      console.log(`  ${pass ? "PASS" : "MISS"}  ${what}: ${numbers}`);
    }
    return this.all.every(({ pass }) => pass);
  }
}

export function round(value) {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
