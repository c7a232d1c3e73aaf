"use strict";
/* Makes every table.sortable sort by a click on a column's header: numbers (data-value) from the
   best down, text from A to Z, a second click the other way round, a third the first order. */

function key(row, column) {
  const cell = row.cells[column];
  const number = cell.dataset.value;
  if (number === undefined) return cell.textContent.trim();
  return number === "" ? null : Number(number);
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

function sort(table, head, column, original) {
  const numeric = original.some((row) => row.cells[column].dataset.value !== undefined);
  const cycle = numeric ? ["descending", "ascending", "none"] : ["ascending", "descending", "none"];
  const now = head.getAttribute("aria-sort") || "none";
  const next = cycle[(cycle.indexOf(now) + 1) % cycle.length];
  for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", next);
  const sign = next === "ascending" ? 1 : -1;
  const rows = [...original];
  if (next !== "none") {
    rows.sort((one, two) => {
      const a = key(one, column), b = key(two, column);
      if (a === null || b === null) return (a === null) - (b === null);
      return sign * compare(a, b);
    });
  }
  table.tBodies[0].append(...rows);
}

for (const table of document.querySelectorAll("table.sortable")) {
  const original = [...table.tBodies[0].rows];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "sort by this column";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, head, column, original));
    head.append(button);
    head.setAttribute("aria-sort", "none");
  });
}
