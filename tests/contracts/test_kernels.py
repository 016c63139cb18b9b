"""Kernels are loops, and call only kernels: the disk cache looks at no other file."""

import ast
import builtins
from pathlib import Path

import pytest

import skextras
from skextras._jit import FAST

PACKAGE = Path(skextras.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
KERNELS = [path for path in FILES if path.name.endswith("_kernels.py")]
#: numba's compilers, and what STYLE forbids.
COMPILERS = {"njit", "jit", "vectorize", "guvectorize", "cfunc", "stencil"}
BANNED = {"jitclass", "prange"}
#: What a loop may take from NumPy: scalars, and arrays that are not filled.
SCALARS = {"ceil", "exp", "finfo", "floor", "iinfo", "isfinite", "log", "sqrt"}
TYPES = {"float32", "float64", "int32", "intp", "uint8", "uint64"}
LOOPS = {f"np.{name}" for name in SCALARS | TYPES | {"empty", "empty_like"}}
UNSAFE = {"nnan", "ninf", "fast"}  # fast-math flags that drop NaN or infinity
#: The only functions that may use numba's compilers: of which file.
EXEMPT = {"_jit.py": {"jit"}, "_distance_kernels.py": {"compiled_metric"}}


def name_of(node):
    """Dotted name of a function that is called or decorates, or ''."""
    if isinstance(node, ast.Call):
        return name_of(node.func)
    if isinstance(node, ast.Attribute):
        left = name_of(node.value)
        return f"{left}.{node.attr}" if left else ""
    return node.id if isinstance(node, ast.Name) else ""


def imports(tree):
    """Pairs (module, name) of everything imported anywhere in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (
                (alias.name, alias.asname or alias.name) for alias in node.names
            )
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((module, alias.name) for alias in node.names)


def open_calls(source):
    """Find what a kernel file imports or calls from elsewhere."""
    tree = ast.parse(source)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    own = {function.name for function in functions}
    made = {  # by a function of the file, such as an intrinsic for several widths
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and name_of(node.value) in own
        for target in node.targets
    }
    allowed = own | made | set(dir(builtins))
    for module, name in imports(tree):
        if module.split(".")[0] == "skextras" and module.endswith("_kernels"):
            allowed.add(name)
        elif module.split(".")[0] in ("skextras", "") and module != "skextras._jit":
            yield f"imports {name} from {module}"
    for function in functions:
        if not any(name_of(d) in ("jit", "njit") for d in function.decorator_list):
            continue
        local = {a.arg for a in function.args.args}
        local |= {
            n.id
            for n in ast.walk(function)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        for node in (n for part in function.body for n in ast.walk(part)):
            if isinstance(node, ast.Call):
                name = name_of(node)
                root = name.split(".")[0]
                method = root in {"np"} | local and "." in name
                if not (method or name in allowed):
                    yield f"{function.name} calls {name or ast.unparse(node.func)}"


def array_operations(source):
    """Find what a compiled function leaves to NumPy: each takes seconds to compile."""
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        if not any(name_of(d) in ("jit", "njit") for d in function.decorator_list):
            continue
        for node in (n for part in function.body for n in ast.walk(part)):
            if isinstance(node, ast.Call) and "." in name_of(node):
                name = name_of(node)
                if name not in LOOPS and not name.endswith(".dtype.type"):
                    yield f"{function.name} calls {name}"
            elif isinstance(node, ast.Assign):
                target = node.targets[0]
                whole = isinstance(target, ast.Subscript) and any(
                    isinstance(n, ast.Slice) for n in ast.walk(target.slice)
                )
                if whole and isinstance(node.value, ast.Name | ast.Subscript):
                    yield f"{function.name} fills {ast.unparse(node)}"


def unsafe_options(source):
    """Find compiler options and helpers that the policy forbids."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant):
            if node.arg in ("parallel", "fastmath") and node.value.value:
                yield f"{node.arg}={node.value.value}"
        elif isinstance(node, ast.Constant) and node.value in UNSAFE:
            yield f"flag {node.value}"
        elif isinstance(node, ast.Name | ast.Attribute | ast.alias):
            name = getattr(node, "id", getattr(node, "attr", getattr(node, "name", "")))
            if name.split(".")[-1] in BANNED:
                yield name


def compilers(source, filename):
    """Find uses of numba's compilers outside the places that may."""
    tree = ast.parse(source)
    from_numba = {name for module, name in imports(tree) if module == "numba"}
    used = {f"numba.{name}" for name in COMPILERS} | (COMPILERS & from_numba)
    exempt = EXEMPT.get(filename, set())
    inside = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name in exempt
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        named = isinstance(node, ast.Name | ast.Attribute) and node not in inside
        if named and name_of(node) in used:
            yield f"line {node.lineno}: {name_of(node)}"
    if filename not in EXEMPT:
        yield from (f"imports {name}" for name in COMPILERS & from_numba)


def test_there_are_kernels():
    assert len(KERNELS) >= 4
    assert any("@jit" in path.read_text() for path in KERNELS)


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.name)
def test_kernel_file_is_closed(path):
    calls = [
        call
        for call in open_calls(path.read_text())
        # the loop around a user's metric is compiled in memory, not on disk
        if (path.name, call) != ("_distance_kernels.py", "fill calls metric")
    ]
    assert calls == []


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.name)
def test_kernels_are_loops(path):
    allowed = {"recent[:] = value", "lines[:, :] = NO_CANDIDATE"}  # a scalar each
    found = list(array_operations(path.read_text()))
    assert [f for f in found if f.partition(" fills ")[2] not in allowed] == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("y[:] = x", "f fills y[:] = x"),
        ("y[0, :] = x[1]", "f fills y[0, :] = x[1]"),
        ("return x.sum()", "f calls x.sum"),
        ("return np.zeros(3)", "f calls np.zeros"),
    ],
)
def test_an_array_operation_is_found(line, fault):
    assert list(array_operations(f"@jit\ndef f(x, y):\n    {line}\n")) == [fault]
    assert list(array_operations(f"def f(x, y):\n    {line}\n")) == []
    loop = "@jit\ndef f(y):\n    y[:] = np.sqrt(2.0)\n    y[0] = 1.0\n"
    assert list(array_operations(loop)) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_policy_of_compilation(path):
    source = path.read_text()
    assert list(unsafe_options(source)) == []
    assert list(compilers(source, path.name)) == []


def test_flags_of_the_policy():
    assert set(FAST).issubset({"reassoc", "contract", "arcp", "nsz", "afn"})


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("from skextras._parallel import f", "imports f from skextras._parallel"),
        ("import skextras._x as x", "imports x from skextras._x"),
        ("from ._x_kernels import f", "imports f from ._x_kernels"),
        ("from other import f\n@jit\ndef g(x): return f(x)", "g calls f"),
        ("import math\n@jit(nogil=True)\ndef g(x): return math.exp(x)", "g calls math"),
        ("@jit\ndef g(x): return helpers.f(x)", "g calls helpers.f"),
        ("@jit\ndef g(metric, x): return metric(x)", "g calls metric"),
        ("@jit\ndef g(x): return table[0](x)", "g calls table[0]"),
        ("f = other.make()\n@jit\ndef g(x): return f(x)", "g calls f"),
    ],
)
def test_an_open_kernel_is_found(source, fault):
    (found,) = open_calls(source)
    assert found.startswith(fault)


def test_a_closed_kernel_is_not_found():
    source = "@jit\ndef f(x): return x.sum() + np.sqrt(x.dtype.type(len(x)))\n"
    assert list(open_calls(f"{source}@jit\ndef g(x): return f(x)\n")) == []
    source = "from skextras.a._x_kernels import f\n@jit\ndef g(x): return f(x)\n"
    assert list(open_calls(source)) == []
    assert list(open_calls("def f(x): return pairwise_distances(x)")) == []
    source = "def make(n): return n\nf = make(3)\n@jit\ndef g(x): return f(x)\n"
    assert list(open_calls(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "@jit(parallel=True)\ndef f(): pass",
        "@jit(fastmath=True)\ndef f(): pass",
        "@jit(fastmath={'nnan', 'contract'})\ndef f(): pass",
        "FLAGS = ('ninf',)",
        "@jit(fastmath='fast')\ndef f(): pass",
        "from numba import prange",
        "for i in numba.prange(3): pass",
        "from numba.experimental import jitclass",
        "@numba.experimental.jitclass\nclass A: pass",
    ],
)
def test_an_unsafe_option_is_found(source):
    assert list(unsafe_options(source))


@pytest.mark.parametrize(
    ("source", "filename"),
    [
        ("from numba import njit\n@njit\ndef f(): pass", "_x_kernels.py"),
        ("from numba import njit", "_x_kernels.py"),
        ("import numba\n@numba.vectorize\ndef f(): pass", "_x.py"),
        ("from numba import njit\n@njit\ndef f(): pass", "_distance_kernels.py"),
        ("from numba import njit\nf = njit(cache=True)", "_jit.py"),
    ],
)
def test_a_compiler_elsewhere_is_found(source, filename):
    assert list(compilers(source, filename))
    allowed = "from numba import njit\ndef jit(f): return njit(f)"
    assert list(compilers(allowed, "_jit.py")) == []
