"""Tracks: which face of this frame is which of the frame before, and what was said of it.

A detector misses a face now and then and its boxes tremble; a classifier changes its mind when
someone turns their head. A track bridges both: boxes are joined by overlap, smoothed by an
alpha-beta filter that knows the face's speed, and the label is that of the mean probability over
the last looks.
"""

from collections import deque

import numpy as np

from course_utils.detection.boxes import as_boxes, match
from course_utils.detection.labels import NOT_SURE, Rule

LEAST_OVERLAP = 0.2
"""Intersection over union of a box with where its track was expected; at 12 frames a second someone
walking by moves that much."""

POSITION, SPEED = 0.7, 0.25
"""The filter's gains: how far box and speed follow a new measurement."""

LOOKS = 7
"""Looks that vote on the label."""

AGREED = 2
"""Looks in a row that contradict the label and agree with each other: the mask was put on or taken
off, and what was seen before counts no more."""

FIRST, REST, GROWN, CHANGED = 3, 0.8, 1.25, 12.0
"""A face is looked at FIRST times, then every REST seconds, or when it has grown so many times or
its picture has changed by so many grey levels in the mean, or while its label is in doubt."""

DOUBT = 2
"""A mean within so many bands of "not sure" round the threshold is in doubt: a look may change the
label."""

PATIENCE = 2.0
"""Seconds after which a track that was not seen ends; until then the same person goes on with the
same number."""

SHOWN = 0.4
"""Seconds for which a face that was not seen is still shown where it is expected, unless the
detector has looked again and says that it is not there (`mask_detector`)."""

SURE, TIMES, LASTING = 0.6, 3, 0.55
"""A track is a person once a detection scored SURE, or it was seen so many times; it is shown while
the running mean of its scores is at least LASTING. False faces last for some frames, too, but score
low."""

MEMORY = 0.2
"""How far one detection moves the running mean of the scores."""


class Track:
    """One person's face over time.

    Attributes
    ----------
    number : int
        Counts from 1, in the order of appearance; 0 before the track is confirmed.
    box : numpy.ndarray
        float, shape (4,), pixels, smoothed.
    score : float
        Running mean of the detections' scores, 0 to 1.
    seen : bool
        Whether the face was found in the latest frame, or the box is only expected.
    label, probability : str or None, float
        As `labels.Rule.label` says; None before the first vote.
    unmasked_since : float or None
        Time (s) from which on every label was one without a mask.
    alerted : bool
        Whether somebody was told about this person.
    """

    def __init__(self, box, score, time):
        self.number = 0
        self.box, self.speed = np.asarray(box, float), np.zeros(4)
        self.score, self.best, self.hits = float(score), float(score), 1
        self.seen, self.last_seen, self.time = True, time, time
        self.looks = deque(maxlen=LOOKS)
        self.label, self.probability = None, 0.0
        self.looked, self._sketch, self._side, self.agrees = None, None, 0.0, False
        self.unmasked_since, self.alerted = None, False

    def expect(self, time):
        """Move the box to where it should be at a time (s)."""
        self.box = self.box + self.speed * (time - self.time)
        self.time, self.seen = time, False

    def measure(self, box, score):
        """Correct the expected box by the one that was found."""
        step, rest = max(self.time - self.last_seen, 1e-3), np.asarray(box, float) - self.box
        self.box = self.box + POSITION * rest
        self.speed = self.speed + SPEED * rest / step
        self.score, self.best = (
            self.score + MEMORY * (score - self.score),
            max(self.best, float(score)),
        )
        self.hits, self.seen, self.last_seen = self.hits + 1, True, self.time

    def vote(self, probabilities, class_names, rule):
        """Take a look into account and label the mean of the last ones.

        Parameters
        ----------
        probabilities : array_like, (classes,)
        class_names : sequence of str
        rule : labels.Rule
        """
        self.looks.append(np.asarray(probabilities, float))
        latest = {rule.label(look, class_names)[0] for look in list(self.looks)[-AGREED:]}
        if self.label is not None and len(latest) == 1 and not latest & {self.label, NOT_SURE}:
            while len(self.looks) > AGREED:
                self.looks.popleft()
        mean = np.mean(self.looks, axis=0)
        self.label, self.probability = rule.label(mean, class_names)
        doubt = Rule(rule.threshold, DOUBT * rule.band)
        self.agrees = latest == {self.label} == {doubt.label(mean, class_names)[0]}

    def wants_look(self, sketch):
        """Say whether the classifier should be asked about the face as it is now.

        Parameters
        ----------
        sketch : numpy.ndarray
            A few grey levels, 0 to 255, of the face's picture.
        """
        side = float(min(self.box[2:] - self.box[:2]))
        return (
            len(self.looks) < FIRST
            or self.label == NOT_SURE
            or not self.agrees
            or self.time - self.looked >= REST
            or side >= GROWN * self._side
            or float(np.abs(sketch - self._sketch).mean()) >= CHANGED
        )

    def remember(self, sketch):
        """Keep what the face looked like when the classifier was asked."""
        self.looked, self._sketch = self.time, sketch
        self._side = float(min(self.box[2:] - self.box[:2]))


class Tracker:
    """Join the boxes of successive frames to tracks."""

    def __init__(self):
        self._tracks, self._count, self._searched, self._shown = [], 0, None, SHOWN

    @property
    def boxes(self):
        """Boxes of the tracks that are followed, shape (n, 4), shown or not."""
        return as_boxes([track.box for track in self._tracks if self._recent(track)])

    @property
    def shown(self):
        """Return the confirmed tracks whose faces were seen within `SHOWN` seconds, oldest first.

        Where few frames are searched the time is longer. A face whose scores are below `SURE` in
        the mean is shown where it is seen only.
        """
        return [
            track
            for track in self._tracks
            if track.number
            and track.score >= LASTING
            and self._recent(track)
            and (track.score >= SURE or not self.missed(track))
        ]

    @property
    def count(self):
        """How many people were confirmed so far."""
        return self._count

    def expect(self, time):
        """Move all tracks to a time (s) without having looked.

        Between the frames that are searched.
        """
        for track in self._tracks:
            track.expect(time)
        patience = max(PATIENCE, 2 * self._shown)
        self._tracks = [
            track
            for track in self._tracks
            if time - track.last_seen <= (patience if track.number else self._shown)
        ]

    def update(self, boxes, scores, time):
        """Take in what was found in a frame.

        Parameters
        ----------
        boxes : array_like, (n, 4)
            Pixels.
        scores : array_like, (n,)
            0 to 1.
        time : float
            Seconds, later than the time before.

        Returns
        -------
        list of Track
            As `shown`.
        """
        if (
            self._searched is not None
        ):  # where few frames are searched, a face must last until the next one
            self._shown = max(SHOWN, 2.2 * (time - self._searched))
        self._searched = time
        self.expect(time)
        boxes, scores = as_boxes(boxes), np.asarray(scores, float)
        pairs = match([track.box for track in self._tracks], boxes, LEAST_OVERLAP)
        for one, other in pairs:
            self._tracks[one].measure(boxes[other], scores[other])
        taken = {other for _, other in pairs}
        self._tracks += [
            Track(boxes[new], scores[new], time) for new in range(len(boxes)) if new not in taken
        ]
        for track in self._tracks:
            if (
                not track.number
                and track.score >= LASTING
                and (track.hits >= TIMES or track.best >= SURE)
            ):
                self._count += 1
                track.number = self._count
        return self.shown

    def missed(self, track):
        """Say whether a frame was searched, and the face not seen in it, since it was seen last."""
        return self._searched is not None and self._searched > track.last_seen

    def _recent(self, track):
        return track.time - track.last_seen <= self._shown
