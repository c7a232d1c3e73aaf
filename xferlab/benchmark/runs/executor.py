"""Runs the packs of a suite in this process, several at a time, and records them."""

from __future__ import annotations

import concurrent.futures
import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from xferlab.benchmark.runs.environment import describe_environment
from xferlab.benchmark.runs.featured import Featured
from xferlab.benchmark.runs.fitting import fit_members, is_closed_form
from xferlab.benchmark.runs.journal import RunJournal
from xferlab.benchmark.runs.kept import kept_waves, members_of, model_files, weights_files
from xferlab.benchmark.runs.options import ExecutorOptions
from xferlab.benchmark.runs.outcome import FAILED, Failure, Outcome, describe_progress
from xferlab.benchmark.runs.pacing import (
    Saver,
    Stop,
    evaluation_points,
    log_points,
    predicted_before_the_last,
)
from xferlab.benchmark.runs.plan import Pack
from xferlab.benchmark.runs.residents import Residents
from xferlab.benchmark.runs.reverse import check_reversed, constant_score, reverse_task
from xferlab.benchmark.runs.scoring import Scorer
from xferlab.benchmark.store.folders import DamagedRunError, RunStore, StoreError
from xferlab.benchmark.store.predictions import of_every_seed
from xferlab.benchmark.store.records import REVERSE_VALIDATION
from xferlab.benchmark.store.spec import RunSpec
from xferlab.core.files import DiskError
from xferlab.core.roles import TARGET
from xferlab.training.checkpoint import Checkpoint
from xferlab.training.closed_form import ClosedFormRuns
from xferlab.training.contract import user_code
from xferlab.training.run import StageCache, Training

OnProgress = Callable[[Pack, int, str], None]
"""Called with a pack, the number of steps just done for each of its runs, and a state."""

GRACE_SECONDS = 5.0
"""How long an interrupted suite waits for its runs to reach a place where they can be saved."""


class Executor:
    """Trains what is not recorded yet. A finished run is never trained again."""

    def __init__(self, store: RunStore, options: ExecutorOptions, report: OnProgress):
        """Takes the store, the options and a callback for progress."""
        self._store = store
        self._options = options
        self._report = report
        self._cache = StageCache(options.mesh, debug=options.debug)
        self._stop = Stop()
        self._residents = Residents(())
        self._outcome = Outcome([], {})
        self._kept_failures: dict[str, Exception] = {}
        self._featured = self._features_of(())

    def run(self, packs: Sequence[Pack]) -> Outcome:
        """Trains and records every pack that has a run missing, after the kept runs of all.

        Packs that another process is training are waited for. A pack that cannot run does not stop
        the others; a damaged record is trained anew.

        Raises:
            DiskError: for a folder that cannot be written.
            StoreError: for one that holds another run.
            KeyboardInterrupt: if the user interrupts; it says what is recorded and checkpointed.
        """
        features, kept = kept_waves(packs, self._options.width)
        self._residents = Residents((*features, *kept, *packs), self._options.feed)
        self._featured = self._features_of(features)
        try:
            for wave in (features, kept, packs):
                self._run_all(wave)
        except KeyboardInterrupt as stopped:
            raise type(stopped)(describe_progress(self._store, packs)) from None
        return self._outcome

    def _features_of(self, kept: Sequence[Pack]) -> Featured:
        return Featured(kept, self._store, self._residents, self._cache, self._kept_failures)

    def _run_all(self, packs: Sequence[Pack]) -> None:
        waiting = list(packs)
        while waiting:
            pool = concurrent.futures.ThreadPoolExecutor(self._options.jobs)
            futures: dict[concurrent.futures.Future[bool], Pack] = {}
            try:
                futures |= {pool.submit(self._run_if_free, pack): pack for pack in waiting}
                for future in concurrent.futures.as_completed(futures):
                    future.result()
            except BaseException as error:
                self._stop_runs(pool, futures, wait=isinstance(error, Exception))
                raise
            pool.shutdown()
            busy = [pack for future, pack in futures.items() if not future.result()]
            if len(busy) == len(waiting):
                time.sleep(2.0)
            waiting = busy

    def _stop_runs(
        self, pool: concurrent.futures.Executor, futures: Iterable[Any], *, wait: bool
    ) -> None:
        """Lets runs in progress save themselves; waits for the end of all, or a few seconds."""
        self._stop.asked.set()
        pool.shutdown(wait=wait, cancel_futures=True)
        concurrent.futures.wait(futures, timeout=GRACE_SECONDS)
        self._stop.too_late.set()

    def _run_if_free(self, pack: Pack) -> bool:
        """Returns False if another process holds one of the pack's runs."""
        specs = [spec for spec, _ in pack.runs]
        with self._store.locked([spec.digest for spec in specs]) as free:
            if not free:
                return False
            sound = [self._is_complete(pack, spec) for spec in specs]  # Every damaged one is named.
            if all(sound):
                self._report(pack, specs[0].training.steps, "recorded")
            elif not self._stop.asked.is_set():
                self._try(pack)
        self._residents.release(pack)
        return True

    def _is_sound(self, spec: RunSpec) -> bool:
        """Tells whether a run is finished; one that is damaged is not."""
        try:
            return self._store.is_done(spec)
        except DamagedRunError as error:
            self._outcome.repaired[spec.digest] = f"trained anew: {spec.title}. {error}"
            return False

    def _is_complete(self, pack: Pack, spec: RunSpec) -> bool:
        """Tells whether a run is finished, and has its network where that is to be kept."""
        wanted = self._options.keep_weights and not (pack.stages or is_closed_form(pack))
        return self._is_sound(spec) and (not wanted or self._store.has_model(spec.digest))

    def _try(self, pack: Pack) -> None:
        """Trains a pack; what cannot run is noted, and the others go on."""
        try:
            train = self._fit if is_closed_form(pack) else self._train
            with user_code(pack.runs[0][1], "a run"):
                train(self._featured.on(pack))
        except (DiskError, StoreError):
            raise
        except Exception as error:
            if pack.stages:
                self._kept_failures |= {spec.digest: error for spec, _ in pack.runs}
            else:
                self._outcome.failures.append(Failure(pack, error))
            self._report(pack, 0, FAILED)

    def _fit(self, pack: Pack) -> None:
        """Fits, scores and records closed-form methods."""
        begin = time.monotonic()
        scorer = Scorer(pack.task, self._options.probes)
        runs = fit_members(pack, pack.task)
        journals = [RunJournal() for _ in pack.runs]
        for journal, score in zip(journals, scorer.score(runs, last=True), strict=True):
            journal.add_score(0, score)
        self._reverse(pack, runs, journals)
        seconds = (time.monotonic() - begin) / len(pack.runs)
        self._record(pack, runs, journals, scorer, describe_environment(len(pack.runs)), seconds)
        self._report(pack, pack.suite_task.training.steps, "fitted")

    def _train(self, pack: Pack) -> None:
        begin = time.monotonic()
        probes = self._options.probes
        scorer = None if pack.stages else Scorer(pack.task, probes, predicted_before_the_last(pack))
        if pack.reverse:
            check_reversed(pack.task, pack.suite_task.training.batch_sizes)
        training = self._start(pack)
        environment = describe_environment(len(pack.runs), self._options.mesh)
        if training.streams:
            environment["feed"] = "streamed"
        folder = self._store.checkpoint_folder(pack.runs[0][0].digest)
        identity = [[spec.digest for spec, _ in pack.runs], environment, *probes]
        checkpoint = Checkpoint(folder, identity)
        journals = self._resume(pack, training, checkpoint, scorer)
        saver = Saver(checkpoint, self._options.checkpoint_seconds, self._stop)
        points = evaluation_points(pack)
        for before, point in itertools.pairwise([0, *points]):
            if point <= training.step:
                continue
            for pause in log_points(before, point, len(points)):
                if pause <= training.step:  # A run that was saved goes on beyond it.
                    continue
                self._advance(pack, training, journals, pause)
                if pause < point and saver.save_if_due(training, journals):
                    return
            scores = scorer.score(training, last=point == points[-1]) if scorer else ()
            for journal, score in zip(journals, scores, strict=bool(scorer)):
                journal.add_score(point, score)
            if all(journal.diverged for journal in journals):
                self._report(pack, points[-1] - point, "diverged")
                break
            if saver.save_if_due(training, journals):
                return
        self._reverse(pack, training, journals)
        seconds = (time.monotonic() - begin) / len(pack.runs)
        self._record(pack, training, journals, scorer, environment, seconds)
        checkpoint.clear()

    def _reverse(
        self, pack: Pack, training: Training | ClosedFormRuns, journals: Sequence[RunJournal]
    ) -> None:
        """Adds the score by reverse validation to each run's last evaluation, where asked for."""
        if not pack.reverse:
            return
        outputs = training.predict(pack.task.target.splits["train"].inputs, TARGET)
        for run, journal, output in zip(pack.runs, journals, outputs, strict=True):
            if not journal.diverged:
                score = self._reverse_score(pack._replace(runs=(run,)), output.logits.argmax(1))
                journal.lines[-1]["validators"][REVERSE_VALIDATION] = score

    def _reverse_score(self, pack: Pack, pseudo_labels: np.ndarray) -> float:
        task = reverse_task(pack.task, pseudo_labels)
        if task is None:
            return constant_score(pack.task, pseudo_labels)
        if is_closed_form(pack):
            training: Any = fit_members(pack, task)
        else:
            training = self._start(pack._replace(task=task), keep_data=False)
            training.advance(pack.suite_task.training.steps)
        held_out = task.target.splits["test"]
        (output,) = training.predict(held_out.inputs, TARGET)
        if not np.isfinite(output.logits).all():
            return 0.0
        return float((output.logits.argmax(1) == held_out.labels).mean())

    def _advance(
        self, pack: Pack, training: Training, journals: Sequence[RunJournal], pause: int
    ) -> None:
        """Trains up to a pause and logs the terms."""
        before = training.step
        for journal, log in zip(journals, training.advance(pause), strict=True):
            journal.add_log(pause, log)
        self._report(pack, pause - before, "training")

    def _start(self, pack: Pack, *, keep_data: bool = True) -> Training:
        members = members_of(pack, self._store, self._kept_failures)
        settings = {stage.setting or pack.task.setting for stage in members[0].stages}
        load = self._residents.shared if keep_data else self._residents.load
        data = {setting: load(pack, setting) for setting in settings}
        return Training(pack.suite_task.network, members, data, pack.task.setting, self._cache)

    def _resume(
        self, pack: Pack, training: Training, checkpoint: Checkpoint, scorer: Scorer | None
    ) -> list[RunJournal]:
        saved = checkpoint.restore(training)
        if saved is not None:
            self._report(pack, training.step, "resumed")
            return [RunJournal.from_json(journal) for journal in saved]
        journals = [RunJournal() for _ in pack.runs]
        if scorer and pack.runs[0][0].seed == 0:
            journals[0].embedding_before = scorer.embed(training)[0].tolist()
        return journals

    def _record(
        self,
        pack: Pack,
        training: Training | ClosedFormRuns,
        journals: Sequence[RunJournal],
        scorer: Scorer | None,
        environment: Mapping[str, Any],
        seconds: float,
    ) -> None:
        arrays_of: list[dict[str, Any]] = [{} for _ in pack.runs]
        files_of: list[dict[str, bytes]] = [{} for _ in pack.runs]
        if scorer:
            arrays_of = scorer.final_arrays(training)
        if isinstance(training, Training) and (self._options.keep_weights or not scorer):
            files_of = model_files(pack, training) if scorer else weights_files(training)
        each = zip(pack.runs, journals, arrays_of, files_of, strict=True)
        for (spec, _), journal, arrays, files in each:
            if self._is_complete(pack, spec):
                continue
            if spec.seed != 0 or journal.diverged:
                arrays = {k: a for k, a in arrays.items() if of_every_seed(k)}
            self._store.write(
                spec,
                metrics=journal.lines,
                arrays=arrays | journal.arrays(),
                environment=environment,
                timing={"seconds": seconds},
                more=files | journal.kept.files(),
            )
