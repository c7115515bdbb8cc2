"""Tables and the plot, from the results alone."""

import io
import json

from matplotlib.figure import Figure

from mlp_lib.style import COLOURS, WIDTH, use_style

INTRODUCTION = """\
# Training speed

Written by `{command}` on {date} in {minutes:.1f} minutes: {cpu}, {cores} cores, {system};
{threads} for every library; {versions}; {blas}. Data: {data}.
{quick}
Adam with the rate 0.001, float32, ReLU, softmax cross-entropy. The contenders start from the same
weights and train in turn, each on a third of an epoch in a round. Two epochs pass before rounds
count. *Products* are the bare matrix products of the same steps and nothing else, by the library
that NumPy comes with and by the one that PyTorch comes with.
"""


def files(results: dict) -> dict[str, bytes]:
    """The files to write."""
    text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    return {
        "speed.json": text.encode(),
        "speed.md": markdown(results).encode(),
        "speed.png": plot(results),
    }


def markdown(results: dict) -> str:
    threads = results["threads"]
    lines = [
        INTRODUCTION.format(
            **results["machine"],
            command=results["command"],
            date=results["date"],
            minutes=results["minutes"],
            threads="one thread" if threads == 1 else f"{threads} threads",
            versions=", ".join(f"{name} {v}" for name, v in results["versions"].items()),
            blas="; ".join(results["blas"]),
            data=results["data"] if results["data"] != "random" else "random numbers, not MNIST",
            quick="\n**A quick run: too short for figures to be quoted.**\n" * results["quick"],
        )
    ]
    training = results["training"]
    shapes = [f"{t['shape']}, batch {t['batch_size']}" for t in training]
    names = list(training[0]["steady"])
    lines += ["## Seconds an epoch", "", "Median, and quartiles in brackets.", ""]
    lines += table(
        ["", *shapes],
        [[name, *(quartiles(t["steady"][name]) for t in training)] for name in names],
        results["missing"],
    )
    lines += ["## mlp_lib's time as a multiple of another's", ""]
    lines += ["Median of the rounds, the range in brackets.", ""]
    ratios = [[name, *(ranged(t["ratios"][name]) for t in training)] for name in names[1:]]
    lines += table(["", *shapes], ratios, results["missing"])
    lines += ["## Where a step's time goes in mlp_lib, in µs", ""]
    steps = [step["microseconds"] for step in results["steps"]]
    rows = [[part, *(f"{step[part]:.0f}" for step in steps)] for part in steps[0]]
    rows.append(["whole step", *(f"{sum(step.values()):.0f}" for step in steps)])
    lines += table(["", *shapes], rows)
    lines += ["## Other costs", "", *others(results)]
    return "\n".join(lines)


def others(results: dict) -> list[str]:
    """The table of memory, time to an accuracy, and prediction."""
    memory, accuracy, prediction = (results[k] for k in ("memory", "accuracy", "prediction"))
    header = ["", f"peak memory in training {memory['shape']}, MB"]
    header += [f"{prediction['images']:,} images, ms", "one image, µs"]
    rows = [
        [
            name,
            f"{megabytes:.0f}",
            quartiles(prediction["all"][name], 1e3),
            quartiles(prediction["one"][name], 1e6),
        ]
        for name, megabytes in memory["megabytes"].items()
    ]
    if accuracy is not None:
        header.append(f"seconds to {accuracy['target']:.0%} test accuracy")
        for row in rows:
            spread = accuracy["seconds"][row[0]]
            row.append("not reached" if spread is None else ranged(spread))
    where = f"Memory: beyond imports and data. The rest: {prediction['shape']}"
    return [f"{where}; median, and quartiles or, of the accuracy, the range.", ""] + table(
        header, rows, results["missing"]
    )


def quartiles(times: dict, unit: float = 1) -> str:
    return "{:.3g} ({:.3g}–{:.3g})".format(*(times[key] * unit for key in ("median", "q1", "q3")))


def ranged(found: dict) -> str:
    aim = f"; aim: ≤ {found['aim']}" if found.get("aim") else ""
    return f"{found['median']:.2f} ({found['low']:.2f}–{found['high']:.2f}){aim}"


def table(header: list[str], rows: list[list[str]], missing: dict | None = None) -> list[str]:
    """Lines of a Markdown table; what is missing has a row that says why."""
    rows = rows + [[name, f"not measured: {why}"] for name, why in (missing or {}).items()]
    rule = ["---", *["--:"] * (len(header) - 1)]
    padded = (row + [""] * (len(header) - len(row)) for row in [header, rule, *rows])
    return [f"| {' | '.join(row)} |" for row in padded] + [""]


def plot(results: dict) -> bytes:
    """A panel for each contender: mlp_lib's time as a multiple of its time. A PNG."""
    use_style()
    training = results["training"]
    names = list(training[0]["ratios"])
    places = range(len(training))
    figure = Figure(figsize=(WIDTH, 2.6), dpi=200)
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for panel, name, colour in zip(panels, names, COLOURS, strict=False):
        ratios = [t["ratios"][name] for t in training]
        panel.barh(places, [r["median"] for r in ratios], color=colour, height=0.5, alpha=0.8)
        for place, r in zip(places, ratios, strict=True):
            panel.plot([r["low"], r["high"]], [place, place], color="black", linestyle="-", lw=1)
            label = f" {r['median']:.2f}"
            panel.text(max(r["high"], r["aim"] or 0), place, label, va="center")
            if r["aim"] is not None:
                aim = [r["aim"], r["aim"]]
                panel.plot(aim, [place - 0.38, place + 0.38], color="black", linestyle=":")
        panel.set_title(f"÷ {name}".replace(", ", ",\n"))
        panel.set_xlim(0, 1.4 * max(max(r["high"], r["aim"] or 0) for r in ratios))
        panel.set_ylim(len(training) - 0.5, -0.5)
        panel.grid(axis="y", visible=False)
        panel.tick_params(axis="y", length=0)
    panels[0].set_yticks(places, [t["shape"] for t in training])
    figure.supxlabel("time of mlp_lib ÷ time of the other (line: range, dotted: aim)", fontsize=10)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()
