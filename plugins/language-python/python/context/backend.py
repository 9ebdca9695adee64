"""Makes Matplotlib show its figures through the context, should a cell import it."""

import importlib.util
import sys

backend = "module://_soulbox_figures"


class AfterMatplotlib:
    """Found first for `matplotlib` alone, to set its backend once it is loaded."""

    def find_spec(self, name, path=None, target=None):
        if name != "matplotlib":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_choose(module):
                execute(module)
                sys.modules["_soulbox_cells"].load("figures")
                module.rcParams["backend"] = backend

            spec.loader.exec_module = execute_and_choose
        return spec


def choose():
    sys.meta_path.insert(0, AfterMatplotlib())
