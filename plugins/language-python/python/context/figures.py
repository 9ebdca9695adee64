"""A Matplotlib backend: figures are shown where the cell shows them, else at its end."""

import sys

from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

cells = sys.modules["_soulbox_cells"]


def show(*_, **__):
    """Shows every open figure, and closes it."""
    managers = Gcf.get_all_fig_managers()
    try:
        for manager in managers:
            if manager.canvas.figure.get_axes():
                cells.display(manager.canvas.figure)
    finally:
        Gcf.destroy_all()


class FigureManager(FigureManagerBase):
    def show(self):
        cells.display(self.canvas.figure)


class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager


FigureCanvas.required_interactive_framework = None
