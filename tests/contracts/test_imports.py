"""Who may import whom: rooms at the top, families below, kernels apart."""

import ast
from pathlib import Path

import pytest

import skextras

PACKAGE = Path(skextras.__file__).parent
FAMILIES = {path.parent.name for path in PACKAGE.glob("[a-z]*/__init__.py")}


def name_of(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(source):
    """Yield (module, name) of every import that runs when the module does."""
    todo = list(ast.parse(source).body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module, alias.name) for alias in node.names)
        elif not isinstance(node, ast.FunctionDef):
            todo.extend(ast.iter_child_nodes(node))


def edges(modules):
    """For each module, the modules of the package that it imports."""
    graph = {}
    for module, path in modules.items():
        found = set()
        for source, name in imported(path.read_text()):
            whole = f"{source}.{name}"
            found |= {whole if whole in modules else source} & modules.keys()
        graph[module] = found - {module}
    return graph


def circle(graph):
    """Return modules that import each other in a circle, or nothing."""
    done, way = set(), []

    def visit(module):
        if module in way:
            return way[way.index(module) :]
        if module in done:
            return None
        way.append(module)
        for other in sorted(graph[module]):
            found = visit(other)
            if found:
                return found
        done.add(way.pop())
        return None

    for module in graph:
        found = visit(module)
        if found:
            return found
    return None


def room(module):
    """Return the room of a module: a family, a private folder of one, or the top."""
    parts = module.split(".")[1:]
    folders = parts if MODULES[module].name == "__init__.py" else parts[:-1]
    return tuple(folders)


GRAPH = edges(MODULES)


def test_no_module_is_imported_in_a_circle():
    assert circle(GRAPH) is None
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]


@pytest.mark.parametrize("module", MODULES)
def test_no_import_goes_up_or_into_another_room(module):
    mine = room(module)
    for other in GRAPH[module]:
        theirs = room(other)
        if MODULES[other].name == "__init__.py" and mine[: len(theirs)] != theirs:
            continue  # the public names of another family
        private = [part.startswith("_") for part in theirs]
        inside = mine[: len(theirs)] == theirs
        at_the_top = not theirs or (len(theirs) == 1 and private[0])
        # a family's own public module imports from its private rooms
        opens = mine == theirs[: len(mine)] and mine and mine[0] in FAMILIES
        if MODULES[module].name == "__init__.py" and not mine:
            continue
        assert inside or at_the_top or opens, f"{module} imports {other}"


@pytest.mark.parametrize("module", MODULES)
def test_rooms_at_the_top_know_no_family(module):
    parts = module.split(".")
    if len(parts) > 1 and parts[1].startswith("_"):
        families = [o for o in GRAPH[module] if room(o)[:1] and room(o)[0] in FAMILIES]
        assert families == []


@pytest.mark.parametrize("module", MODULES)
def test_private_names_of_scikit_learn_stay_in_one_module(module):
    private = [
        (source, name)
        for source, name in imported(MODULES[module].read_text())
        if (source or "").startswith("sklearn.")
        and any(part.startswith("_") for part in [*source.split("."), name])
    ]
    if module != "skextras._validation":
        assert private == []


@pytest.mark.parametrize("module", MODULES)
def test_sizes(module):
    """A file of more lines has two subjects, and so has a function."""
    source = MODULES[module].read_text()
    assert len(source.splitlines()) <= 450
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            lines = source.splitlines()[node.lineno - 1 : node.end_lineno]
            if ast.get_docstring(node):
                text = node.body[0]
                first, last = text.lineno - node.lineno, text.end_lineno - node.lineno
                lines = lines[:first] + lines[last + 1 :]
            code = [line for line in lines if line.strip(" \t")[:1] not in ("", "#")]
            assert len(code) <= 60, f"{node.name} has {len(code)} lines of code"
            arguments = node.args
            names = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            if not module.endswith("_kernels") and node.name != "__init__":
                assert len(names) <= 12, f"{node.name} takes {len(names)} arguments"
