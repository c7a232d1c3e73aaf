"""Records made up from a generator, for the tests of tables, figures and reports."""

import numpy as np

from xferlab.benchmark.store.records import Curve, Embedding, Evaluation, Plane, RunRecord


def make_run(
    task="a->b",
    method="dann",
    seed=0,
    *,
    accuracy=(0.5, 0.7, 0.6),
    score=(0.1, 0.2, 0.3),
    hyper="",
    diverged=False,
    **fields,
):
    """One run with a checkpoint every 100 steps; `score` is the label-free validator `snd`."""
    evaluations = tuple(
        Evaluation(100 * (i + 1), {"accuracy": a, "macro_f1": a / 2}, {"snd": s, "oracle": a})
        for i, (a, s) in enumerate(zip(accuracy, score, strict=True))
    )
    fields = {"digest": f"{task}|{method}|{hyper}|{seed}", "seconds": 2.0} | fields
    source, arrow, target = task.partition("->")
    if arrow:
        fields = {"sources": (source,), "target": target} | fields
    if diverged:
        fields |= {"diverged_at": 42, "diverged_term": "domain"}
    return RunRecord(
        task=task,
        method=method,
        hyper=hyper,
        seed=seed,
        status="diverged" if diverged else "done",
        evaluations=() if diverged else evaluations,
        **fields,
    )


def make_suite(tasks, methods, seeds, *, generator=None):
    """Runs with random scores; methods further down the list are better on average."""
    generator = generator or np.random.default_rng(0)
    runs = []
    for task in tasks:
        for rank, method in enumerate(methods):
            for seed in range(seeds):
                accuracy = np.clip(0.4 + 0.03 * rank + generator.normal(0, 0.02, 3), 0, 1)
                score = generator.normal(size=3)
                oracle = method == "target_only"
                runs.append(
                    make_run(task, method, seed, accuracy=accuracy, score=score, oracle=oracle)
                )
    return runs


def make_pictures(generator, n=400, d=64, k=10):
    """The fields of a record that figures are drawn from."""
    domain = np.repeat([0, 1], n // 2)
    labels = generator.integers(0, k, n)
    centres = generator.normal(size=(k, d))
    after = 2 * centres[labels] + generator.normal(size=(n, d)) + 0.2 * domain[:, None]
    before = 0.5 * centres[labels] + generator.normal(size=(n, d)) + domain[:, None]
    steps = list(range(0, 1000, 20))
    terms = {
        name: list(np.exp(-np.array(steps) / scale) + 0.02 * generator.random(len(steps)))
        for name, scale in {"classification": 100, "domain": 1000, "entropy": 400}.items()
    }
    confusion = generator.integers(0, 20, (k, k)) + 200 * np.eye(k, dtype=int)
    embedding = Embedding(before, after, domain, labels)
    return {"curve": Curve(steps, terms), "confusion": confusion, "embedding": embedding}


def make_plane(generator, n=200):
    """Two classes divided by a wave, and the examples of two domains on it."""
    x, y = np.linspace(-2, 2, 80), np.linspace(-1.5, 1.5, 60)
    classes = (y[:, None] > np.sin(2 * x)[None]).astype(int)
    points = generator.uniform(-1.5, 1.5, (n, 2))
    labels = (points[:, 1] > np.sin(2 * points[:, 0])).astype(int)
    return Plane(x, y, classes, points, np.repeat([0, 1], n // 2), labels)
