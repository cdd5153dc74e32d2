"""run_notebook.py NOTEBOOK FOLDER: the cells of a notebook in turn, without Jupyter. What a cell would show is printed; plots become
FOLDER/0.png and so on. The notebook must be as it is committed: without outputs, which would be somebody's feedback."""
import ast
import json
import os
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

path, folder = map(os.path.abspath, sys.argv[1:])
os.makedirs(folder, exist_ok=True)
cells = [cell for cell in json.load(open(path))["cells"] if cell["cell_type"] == "code"]
assert not any(cell["outputs"] or cell["execution_count"] for cell in cells), f"{path} holds outputs; clear them"


def show():
    for number in plt.get_fignums():
        plt.figure(number).savefig(f"{folder}/{len(os.listdir(folder))}.png")
    plt.close("all")


plt.show = show
names = {"__name__": "__main__"}
os.chdir(os.path.dirname(path))
for number, cell in enumerate(cells):
    tree = ast.parse("".join(cell["source"]), f"cell {number}")
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, f"cell {number}", "exec"), names)
    value = eval(compile(ast.Expression(last.value), f"cell {number}", "eval"), names) if last else None
    if value is not None:
        print(value.to_string() if hasattr(value, "to_string") else value)
