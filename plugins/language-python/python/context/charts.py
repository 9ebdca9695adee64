"""A Matplotlib figure as an image, and as the data that it shows."""

import io
import sys

kind = "application/vnd.soulbox.chart+json"
most_points = 10_000


def value_on(axis, value):
    """As a person would read it there: dates are not numbers of days."""
    dates = sys.modules.get("matplotlib.dates")
    if dates and isinstance(axis.get_major_formatter(), (dates.AutoDateFormatter, dates.DateFormatter)):
        return dates.num2date(value).isoformat()
    return plain(value)


def plain(value):
    return value.item() if hasattr(value, "item") else value


def points(axes, xs, ys):
    pairs = list(zip(xs, ys))[:most_points]
    return [[value_on(axes.xaxis, x), value_on(axes.yaxis, y)] for x, y in pairs]


def visible(label):
    label = str(label or "")
    return "" if label.startswith("_") else label


def lines(axes):
    return [
        {"label": visible(line.get_label()), "points": points(axes, *line.get_data(orig=False))}
        for line in axes.get_lines()
    ]


def clouds(axes):
    from matplotlib.collections import PathCollection

    found = [item for item in axes.collections if isinstance(item, PathCollection)]
    return [{"label": visible(item.get_label()), "points": points(axes, *item.get_offsets().T)} for item in found]


def tick_labels(axis):
    from matplotlib.ticker import NullLocator

    if isinstance(axis.get_major_locator(), NullLocator):
        return {}
    labels = [(float(tick), label.get_text()) for tick, label in zip(axis.get_ticklocs(), axis.get_ticklabels())]
    return {place: text for place, text in labels if text}


def bars(axes):
    from matplotlib.container import BarContainer

    found = []
    for group in axes.containers:
        if not isinstance(group, BarContainer):
            continue
        upright = getattr(group, "orientation", "vertical") != "horizontal"
        labels = tick_labels(axes.xaxis if upright else axes.yaxis)
        for bar in group.patches:
            x, y, width, height = bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height()
            middle = float(x + width / 2 if upright else y + height / 2)
            label = next((text for place, text in labels.items() if abs(place - middle) < 1e-6), None)
            value = plain(height if upright else width)
            found.append({"group": visible(group.get_label()), "label": label or str(middle), "value": value})
    return found


def wedges(axes):
    from matplotlib.patches import Wedge

    found = [patch for patch in axes.patches if isinstance(patch, Wedge)]
    return [
        {"label": visible(wedge.get_label()), "fraction": plain((wedge.theta2 - wedge.theta1) / 360)} for wedge in found
    ]


def boxes(axes):
    """Of a box plot, as Matplotlib draws each: the box, two whiskers, two caps and the median."""
    from matplotlib.patches import PathPatch

    drawn = axes.get_lines()
    filled = [patch for patch in axes.patches if isinstance(patch, PathPatch)]
    closed = [line for line in drawn if len(line.get_xdata()) == 5]
    outlines = [line.get_ydata() for line in closed] or [patch.get_path().vertices[:5, 1] for patch in filled]
    whiskers = [line for line in drawn if len(line.get_xdata()) == 2 and len(set(line.get_xdata())) == 1]
    flat = [line for line in drawn if len(line.get_ydata()) == 2 and len(set(line.get_ydata())) == 1]
    if not outlines or len(whiskers) != 2 * len(outlines) or len(flat) < 3 * len(outlines):
        return []
    labels = list(tick_labels(axes.xaxis).values())
    found = []
    for at, outline in enumerate(outlines):
        low, high = (whiskers[2 * at], whiskers[2 * at + 1])
        middle = low.get_xdata()[0]
        inside = [line for line in flat if abs(sum(line.get_xdata()) / 2 - middle) < 1e-9]
        ends = (min(low.get_ydata()), max(high.get_ydata()))
        first, third = min(outline), max(outline)
        median = [line.get_ydata()[0] for line in inside if first <= line.get_ydata()[0] <= third]
        outliers = [
            plain(y)
            for line in drawn
            if line.get_linestyle() == "None"
            for x, y in zip(*line.get_data())
            if abs(x - middle) < 1e-9
        ]
        five = (ends[0], first, median[-1] if median else None, third, ends[1])
        numbers = dict(zip(("minimum", "firstQuartile", "median", "thirdQuartile", "maximum"), map(plain, five)))
        found.append({"label": labels[at] if at < len(labels) else "", **numbers, "outliers": outliers})
    return found


def axis(axis):
    return {"label": axis.get_label_text(), "scale": axis.get_scale()}


kinds = (("box", boxes), ("pie", wedges), ("bar", bars), ("scatter", clouds), ("line", lines))


def chart(axes):
    about = {"title": axes.get_title(), "x": axis(axes.xaxis), "y": axis(axes.yaxis)}
    for name, elements in kinds:
        found = elements(axes)
        if found:
            return {"type": name, **about, "elements": found}
    return {"type": "unknown", **about, "elements": []}


def bundle(figure):
    image = io.BytesIO()
    figure.savefig(image, format="png", bbox_inches="tight")
    charts = [chart(axes) for axes in figure.get_axes()]
    suptitle = getattr(figure, "_suptitle", None)
    title = suptitle.get_text() if suptitle is not None else ""
    return {"image/png": image.getvalue(), kind: {"title": title, "charts": charts}}
