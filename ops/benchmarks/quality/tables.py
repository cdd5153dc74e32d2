"""Figures side by side: collected by name, shown as tables or as one JSON object."""
import json
import sys


def f1(truth, said, label):
    right = sum(t == label and s == label for t, s in zip(truth, said))
    total = sum(t == label for t in truth) + sum(s == label for s in said)
    return 2 * right / total if total else 0.0


def macro_f1(truth, said):
    labels = sorted(set(truth))
    return sum(f1(truth, said, label) for label in labels) / len(labels) if labels else None


class Tables:
    def __init__(self):
        self.tables = {}

    def put(self, table, row, column, value):
        if value is not None:
            self.tables.setdefault(table, {}).setdefault(row, {})[column] = round(float(value), 4)

    def means(self, table, groups):
        """A row with the mean of several, for the columns that all of them have."""
        for name, members in groups.items():
            rows = [self.tables[table][m] for m in members if m in self.tables.get(table, {})]
            for column in dict.fromkeys(c for row in rows for c in row):
                if len(rows) > 1 and all(column in row for row in rows):
                    self.put(table, name, column, sum(row[column] for row in rows) / len(rows))

    def show(self, out=sys.stdout):
        for table, rows in self.tables.items():
            columns = list(dict.fromkeys(column for row in rows.values() for column in row))
            width = max(len(row) for row in rows)
            print(f"\n{table}", file=out)
            print("  " + " " * width + "".join(f"  {column:>12}" for column in columns), file=out)
            for row, cells in rows.items():
                print(f"  {row:<{width}}" + "".join(f"  {self.cell(cells.get(c)):>12}" for c in columns), file=out)

    @staticmethod
    def cell(value):
        return "" if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"

    def json(self):
        return json.dumps({"benchmark": "quality", "tables": self.tables}, ensure_ascii=False)
