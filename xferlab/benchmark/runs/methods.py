"""Methods of the user's: `path/to/my_loss.py:MyLoss`, or `package.module:MyLoss`."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import re
import types
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from xferlab.benchmark.own.modules import existing_file, import_module, load_module
from xferlab.benchmark.runs.plan import Candidate, expand_grid
from xferlab.benchmark.runs.sources import function_digest, method_digest
from xferlab.core.checks import shown
from xferlab.core.errors import InputError
from xferlab.core.pytrees import plain_fields
from xferlab.core.settings import Setting
from xferlab.methods.base import Method
from xferlab.methods.closed_form.base import ClosedFormMethod
from xferlab.methods.recipes import NO_RECIPE, RECIPES, Change, Recipe
from xferlab.methods.table import ALL_METHODS, AnyMethod


def find_methods(
    names: Iterable[str | type[AnyMethod] | AnyMethod], recipe: Recipe = NO_RECIPE
) -> dict[str, Candidate]:
    """Returns the methods that `find_method` finds, by the name that tables print.

    Args:
        names: of methods.
        recipe: of all of them, after those that a name has.

    Raises:
        InputError: see `find_method`; also for a method that is named twice, for two different
            methods of one name, and for a recipe of a method that has no stages.
    """
    found: dict[str, Candidate] = {}
    for text in names:
        candidate = _by_recipe(find_method(text), recipe)
        before = found.setdefault(candidate.name, candidate)
        if before.source != candidate.source:
            raise InputError(
                f"method {text!r} is called {candidate.name!r}, as another one of this command;"
                " rename one of the two classes"
            )
        if before is not candidate:
            raise InputError(f"method {text!r} is named twice; name each method once")
    return found


def find_method(text: str | type[AnyMethod] | AnyMethod) -> Candidate:
    """Returns a method by its name in the table, or from a file or a module of the user's.

    Args:
        text: a name; `path/to/file.py:Class`, where the class may be left out if there is one; or
            `package.module:Class` for a module that Python finds. Each with names of recipes of the
            package behind it, such as `target_only+pretrained+lp_ft`. Or a class, decorated by
            `methods.method`, or a method of one, whose hyper-parameters it has.

    Raises:
        InputError: for an unknown name (with the closest ones), a missing file, a file that fails
            to import, and a class that is not there or is no complete method.
    """
    if isinstance(text, Method | ClosedFormMethod):
        return _with_values(find_method(type(text)), text)
    if isinstance(text, type) and issubclass(text, Method | ClosedFormMethod):
        if text in (type(own) for own in ALL_METHODS.values()):
            name = next(name for name, own in ALL_METHODS.items() if type(own) is text)
            return Candidate(name, ALL_METHODS[name])
        return _named(_made(text, inspect.getfile(text)))
    if isinstance(text, str) and "+" in text:
        method, recipe = _recipe_behind(text)
        if recipe.changes:
            return _by_recipe(find_method(method), recipe)
    if not isinstance(text, str) or not (".py" in text or ":" in text):
        name = ALL_METHODS.resolve(text)
        return Candidate(name, ALL_METHODS[name])
    place, colon, class_name = text.rpartition(":")
    if not colon or class_name.endswith(".py"):  # A drive's letter may stand before a path.
        place, class_name = text, ""
    if place.endswith(".py"):
        module = load_module(existing_file(Path(place), "method"))
    else:
        module = import_module(place, "method")
    return _named(_instantiate(module, class_name))


def _with_values(candidate: Candidate, method: AnyMethod) -> Candidate:
    """Returns the candidate with the values of a method's fields where they are not the defaults.

    Raises:
        InputError: another value of a field that tables cannot name: neither number nor text.
    """
    names = [field.name for field in dataclasses.fields(method)]  # type: ignore[arg-type]
    own = {name: getattr(method, name) for name in names}
    changed = {k: v for k, v in own.items() if not _same(v, getattr(candidate.method, k))}
    unnamed = [name for name in changed if name not in plain_fields(candidate.method)]
    if unnamed:
        raise InputError(
            f"method {candidate.name!r} has {unnamed[0]} = {shown(own[unnamed[0]])}, which a table"
            " cannot name: only numbers, truth values and texts differ between methods of one"
            " class. Derive a class of your own with that default"
        )
    return expand_grid(candidate, {k: [v] for k, v in changed.items()}) if changed else candidate


def _same(value: object, other: object) -> bool:
    return value is other or bool(np.all(value == other))


def _named(method: AnyMethod) -> Candidate:
    """Returns a method of the user's under the name that tables print."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(method).__name__).lower()
    if name in ALL_METHODS:
        name = f"{name}_from_file"
    return Candidate(name, method, method_digest(method))


def find_recipe(text: str) -> Recipe:
    """Returns the recipe of a name, of several with '+' between them, or of a user's file.

    Args:
        text: '' for none; a name of `RECIPES`; `path/to/file.py:function`, where the function may
            be left out if there is one.

    Raises:
        InputError: for an unknown name (with the closest ones), a file that is missing or fails to
            import, and a function that is not there.
    """
    if not text:
        return NO_RECIPE
    if ".py" not in text:
        return _recipe([(name, RECIPES[name]) for name in text.split("+")])
    parts = text.split("+")
    before = list(itertools.takewhile(RECIPES.__contains__, parts))
    rest, behind = _recipe_behind("+".join(parts[len(before) :]))
    place, colon, name = rest.rpartition(":")
    if not colon or name.endswith(".py"):
        place, name = rest, ""
    own = _function(load_module(existing_file(Path(place), "method")), name)
    return _recipe([*((name, RECIPES[name]) for name in before), own, *behind.changes])


def _recipe_behind(text: str) -> tuple[str, Recipe]:
    """Returns what stands before the names of recipes at a text's end, and those."""
    first, *names = text.split("+")
    if not (".py" in text or ":" in text):
        return first, _recipe([(name, RECIPES[name]) for name in names])
    found = list(itertools.takewhile(RECIPES.__contains__, reversed(names)))[::-1]
    rest = "+".join([first, *names[: len(names) - len(found)]])
    return rest, _recipe([(name, RECIPES[name]) for name in found])


def _recipe(changes: list[tuple[str, Change]]) -> Recipe:
    return Recipe(tuple(changes), function_digest([change for _, change in changes]))


def _by_recipe(candidate: Candidate, recipe: Recipe) -> Candidate:
    """Returns a method's row under a recipe, after that which it has."""
    if not recipe.changes:
        return candidate
    if isinstance(candidate.method, ClosedFormMethod):
        raise InputError(
            f"method {candidate.name!r} is of closed form: it has no stages, which recipe"
            f" {recipe.changes[0][0]!r} would change. Leave it out, or the recipe"
        )
    both = _recipe([*candidate.recipe.changes, *recipe.changes])
    return candidate._replace(name=recipe.label(candidate.name), recipe=both)


def _function(module: types.ModuleType, name: str) -> tuple[str, Change]:
    """Returns a user's recipe by name, or the only function that a file defines."""
    found = {
        own: thing
        for own, thing in vars(module).items()
        if inspect.isfunction(thing) and thing.__module__ == module.__name__ and own[0] != "_"
    }
    if not name and len(found) == 1:
        name = next(iter(found))
    if name not in found:
        asked = f"no function {name!r}" if name else "no single function"
        raise InputError(
            f"recipe file {str(module.__file__)!r} has {asked}; it has"
            f" {', '.join(found) or 'none'}. Define one from a tuple of xferlab.methods.Stage to"
            " another, and name it by path/to/file.py:function"
        )
    return name, found[name]


def _instantiate(module: types.ModuleType, class_name: str) -> AnyMethod:
    path = str(module.__file__)
    found = {
        name: thing
        for name, thing in vars(module).items()
        if inspect.isclass(thing)
        and issubclass(thing, Method | ClosedFormMethod)
        and thing.__module__ == module.__name__
    }
    if not class_name and len(found) == 1:
        class_name = next(iter(found))
    if class_name not in found:
        asked = f"no method class {class_name!r}" if class_name else "no single method class"
        raise InputError(
            f"method file {path!r} has {asked}; it has {', '.join(found) or 'none'}. Derive"
            " a class from xferlab.methods.Method, and name it by path/to/file.py:Class"
        )
    return _made(found[class_name], path)


def _made(kind: type[AnyMethod], path: str) -> AnyMethod:
    """Returns a method of a user's class, which stands in the file of that path."""
    where = f"method class {kind.__name__!r} of {path!r}, line {inspect.getsourcelines(kind)[1]}"
    if "__dataclass_fields__" not in vars(kind):
        raise InputError(f"{where}, is not decorated; write @xferlab.methods.method above it")
    _check_needs(kind, where)
    try:
        return kind()
    except Exception as error:
        raise InputError(
            f"{where}, cannot be made: {error}. It needs a loss, and a default for every field"
        ) from error


def _check_needs(kind: type[AnyMethod], where: str) -> None:
    """Raises InputError unless a class says what it needs by one setting."""
    give = "Write needs = Setting.UNSUPERVISED_DA, or another that shows the least it must see"
    if "settings" in vars(kind):
        raise InputError(f"{where}, has `settings`, which nothing reads. {give}")
    if not isinstance(kind.needs, Setting):
        raise InputError(f"{where}: needs is {shown(kind.needs)}. {give}")
