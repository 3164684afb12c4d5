"""The charts of a page as Vega-Lite specifications; the page's script draws them.

What belongs to one layer or one model comes as the named data set `rows`, so that one specification
serves them all.
"""

from __future__ import annotations

from typing import Any, Literal

import altair as alt

# Altair's signatures leave most of its own types open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

ROWS = "rows"
AT = "at"
"""The parameter that holds the step the page is scrubbed to."""

LEGEND = alt.Legend(orient="top", symbolType="stroke", symbolOpacity=1, symbolSize=300, columns=3)
"""Lines with their dashes: told apart without colour."""
SEVERITIES = ["error", "warning", "note"]
SHAPES = ["triangle-down", "diamond", "circle"]


def specifications() -> dict[str, dict[str, Any]]:
    """All of them, by name. Colours of ranges are set by the page, which knows light from dark."""
    return {
        name: chart.to_dict(validate=False)
        for name, chart in {
            "loss": _loss(logarithmic=False),
            "loss-log": _loss(logarithmic=True),
            "rate": _rate(),
            "signal": _signal(),
            "spread": _spread(),
            "learning": _learning(),
            "classes": _classes(),
            "counts": _counts(),
        }.items()
    }


def _data() -> Any:
    return alt.NamedData(ROWS)


def _steps(title: str | None = "step", kind: Literal["linear", "sqrt"] = "linear") -> Any:
    scale = alt.Scale(type=kind, nice=False)
    return alt.X("step:Q", title=title, scale=scale, axis=alt.Axis(tickCount=6, grid=False))


def _chart(*layers: Any, height: int) -> Any:
    return alt.layer(*layers, data=_data()).properties(width="container", height=height)


def _tall(*layers: Any, step: int) -> Any:
    """So many pixels high for each class; the page, which knows how many there are, sets the
    height."""
    return _chart(*layers, height=10 * step).properties(usermeta={"pixels_per_class": step})


def _of(kind: str) -> Any:
    """The rows of one kind: several tables share the data set."""
    return f"datum.kind === '{kind}'"


def _loss(*, logarithmic: bool) -> Any:
    scale = alt.Scale(type="log") if logarithmic else alt.Scale(zero=True, nice=True)
    y = alt.Y("value:Q", title="loss", scale=scale)
    colour = alt.Color("series:N", title=None, sort=None, legend=LEGEND)
    base = alt.Chart()
    band = (
        base.transform_filter(_of("curve"))
        .mark_area(opacity=0.18)
        .encode(
            _steps(),
            alt.Y("low:Q", title="loss", scale=scale),
            alt.Y2("high:Q"),
            alt.Fill("series:N", sort=None, legend=None),
        )
    )
    line = (
        base.transform_filter(_of("curve"))
        .mark_line(strokeWidth=1.8, point={"size": 12, "filled": True})
        .encode(
            _steps(),
            y,
            colour,
            alt.StrokeDash("series:N", title=None, sort=None, legend=LEGEND),
            tooltip=["series:N", "step:Q", alt.Tooltip("value:Q", format=".4g")],
        )
    )
    guessing = (
        base.transform_filter(_of("guessing"))
        .mark_rule(strokeDash=[4, 4], opacity=0.7)
        .encode(alt.Y("value:Q", title="loss", scale=scale))
    )
    guessing_text = (
        base.transform_filter(_of("guessing"))
        .mark_text(align="right", baseline="bottom", dy=-3)
        .encode(
            alt.Y("value:Q", title="loss", scale=scale),
            alt.Text("series:N"),
            x=alt.value("width"),
        )
    )
    marks = base.transform_filter(_of("mark"))
    severity = alt.Color("severity:N", legend=None, scale=alt.Scale(domain=SEVERITIES))
    rules = marks.mark_rule(strokeWidth=1.2, strokeDash=[2, 2]).encode(_steps(), severity)
    signs = marks.mark_point(filled=True, size=110, opacity=1).encode(
        _steps(),
        severity,
        alt.Shape("severity:N", legend=None, scale=alt.Scale(domain=SEVERITIES, range=SHAPES)),
        y=alt.value(8),
        tooltip=[
            alt.Tooltip("label:N", title="found"),
            alt.Tooltip("step:Q", title="first at step"),
        ],
    )
    curves = alt.layer(band, line, guessing, guessing_text)
    return (
        alt.layer(curves, alt.layer(rules, signs), data=_data())
        .resolve_scale(color="independent", strokeDash="independent")
        .properties(width="container", height=260)
    )


def _rate() -> Any:
    line = (
        alt.Chart()
        .mark_line(interpolate="step-after", point={"size": 12, "filled": True})
        .encode(
            _steps(),
            alt.Y(
                "value:Q",
                title="learning rate",
                axis=alt.Axis(format="~g", tickCount=3),
                scale=alt.Scale(zero=True),
            ),
            tooltip=["step:Q", alt.Tooltip("value:Q", title="learning rate", format=".3g")],
        )
    )
    return _chart(line, height=70)


def _signal() -> Any:
    x = alt.X(
        "layer:N",
        title=None,
        sort=alt.EncodingSortField("place"),
        axis=alt.Axis(labelAngle=-60, labelLimit=90, labelOverlap="greedy", grid=False),
    )
    scale = alt.Scale(type="log")
    axis = alt.Axis(format="~g", tickCount=5)
    band = (
        alt.Chart()
        .transform_filter(_of("band"))
        .mark_area(opacity=0.16, clip=True)
        .encode(x, alt.Y("low:Q", scale=scale, axis=axis, title=None), alt.Y2("high:Q"))
    )
    line = (
        alt.Chart()
        .transform_filter(_of("reading"))
        .mark_line(strokeWidth=1.8, point={"size": 36, "filled": True}, clip=True)
        .encode(
            x,
            alt.Y("value:Q", scale=scale, axis=axis, title=None),
            alt.Color("when:N", title=None, sort=None, legend=LEGEND),
            alt.StrokeDash("when:N", title=None, sort=None, legend=LEGEND),
            tooltip=["layer:N", "when:N", alt.Tooltip("value:Q", format=".3g")],
        )
    )
    return _chart(band, line, height=230)


def _at_rule() -> Any:
    """Where the page is scrubbed to."""
    return (
        alt.Chart(alt.InlineData([{}]))
        .transform_calculate(step=AT)
        .mark_rule(strokeWidth=1.5, opacity=0.8)
        .encode(alt.X("step:Q", title="step"))
    )


def _spread() -> Any:
    scale = alt.Scale(type="symlog", constant=1e-3, nice=False)
    axis = alt.Axis(format="~g", tickCount=5)

    def y(field: str) -> Any:
        return alt.Y(f"{field}:Q", title="strength (rms)", scale=scale, axis=axis)

    x = _steps(kind="sqrt")
    wide = alt.Chart().mark_area(opacity=0.16).encode(x, y("least"), alt.Y2("most"))
    narrow = alt.Chart().mark_area(opacity=0.28).encode(x, y("low"), alt.Y2("high"))
    middle = (
        alt.Chart()
        .mark_line(strokeWidth=1.8, point={"size": 16, "filled": True})
        .encode(
            x,
            y("middle"),
            tooltip=[
                "step:Q",
                alt.Tooltip("least:Q", title="weakest channel", format=".3g"),
                alt.Tooltip("middle:Q", title="median channel", format=".3g"),
                alt.Tooltip("most:Q", title="strongest channel", format=".3g"),
            ],
        )
    )
    return _chart(wide, narrow, middle, _at_rule(), height=150).add_params(
        alt.param(name=AT, value=0)
    )


def _learning() -> Any:
    line = (
        alt.Chart()
        .mark_line(strokeWidth=1.8, point={"size": 16, "filled": True})
        .encode(
            _steps(kind="sqrt"),
            alt.Y(
                "value:Q",
                title="share of the weights",
                scale=alt.Scale(type="log"),
                axis=alt.Axis(format="~g", tickCount=5),
            ),
            alt.Color("series:N", title=None, sort=None, legend=LEGEND),
            alt.StrokeDash("series:N", title=None, sort=None, legend=LEGEND),
            tooltip=["series:N", "step:Q", alt.Tooltip("value:Q", format=".3g")],
        )
    )
    return _chart(line, _at_rule(), height=150).add_params(alt.param(name=AT, value=0))


def _classes() -> Any:
    x = alt.X(
        "channel:O",
        title="channel",
        axis=alt.Axis(labelOverlap="greedy", labelAngle=0, ticks=False),
    )
    y = alt.Y("class:O", title="class", axis=alt.Axis(labelOverlap="greedy", ticks=False))
    cells = (
        alt.Chart()
        .mark_rect()
        .encode(
            x,
            y,
            alt.Color(
                "share:Q",
                title="of its strongest class",
                scale=alt.Scale(domain=[0, 1]),
                legend=alt.Legend(orient="top", format="~%", gradientLength=120),
            ),
            tooltip=[
                "class:O",
                "channel:O",
                alt.Tooltip("share:Q", title="of its strongest class", format=".0%"),
                alt.Tooltip("said:N", title="this class"),
            ],
        )
    )
    silent = (
        alt.Chart()
        .transform_filter("datum.silent")
        .mark_rect(filled=False, strokeWidth=1.4)
        .encode(x, y)
    )
    return _tall(cells, silent, step=16)


def _counts() -> Any:
    y = alt.Y("class:O", title="class", axis=alt.Axis(ticks=False, labelOverlap="greedy"))
    bars = (
        alt.Chart()
        .mark_bar(height={"band": 0.7})
        .encode(
            y,
            alt.X("labels:Q", title="labels seen", axis=alt.Axis(tickCount=5, format="~s")),
            tooltip=["class:O", "labels:Q", "recall:N", "held_out:N"],
        )
    )
    text = (
        alt.Chart()
        .mark_text(align="left", dx=4)
        .encode(y, alt.X("labels:Q", title="labels seen"), alt.Text("said:N"))
    )
    return _tall(bars, text, step=18)
