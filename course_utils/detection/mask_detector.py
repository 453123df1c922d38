"""Detector, classifier and tracker together: a picture in, labelled faces out."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np

from course_utils.detection.boxes import as_boxes, sizes
from course_utils.detection.classifying import cut_faces
from course_utils.detection.labels import Rule
from course_utils.detection.tracking import Tracker


@dataclass(frozen=True, eq=False)
class LabelledFace:
    """What is said about a face of a frame.

    Attributes
    ----------
    box : tuple of int
        x_min, y_min, x_max, y_max in pixels, half open, inside the picture.
    label : str
        A class of the classifier, or "not_sure".
    probability : float
        For "with_mask" and "not_sure" that a mask is worn properly; for the others that it is not.
    track : int
        Number of the person in a video; 0 in a picture.
    """

    box: tuple
    label: str
    probability: float
    track: int = 0


class MaskDetector:
    """Find the faces of pictures or of a video's frames and say of each whether a mask is worn.

    Parameters
    ----------
    detect : callable
        As `detectors.load_detector` gives it.
    classify : callable
        Takes uint8 faces, shape (n, size, size, 3), gives probabilities, shape (n, classes); has
        `size` and `class_names`. A `classifying.Classifier`, or anything that behaves like one.
    rule : labels.Rule
    min_face : int
        Pixels; smaller faces are left out.

    Attributes
    ----------
    seconds : collections.Counter
        Processor time spent so far in "detect", "track", "cut" and "classify", of all threads; with
        `follow_all` what two stages spend at once is counted in both.
    covered : numpy.ndarray
        float, shape (n, 4): every box of the latest picture or frame that may hold a face, too
        small ones and unsure ones included: what has to be painted over.
    followed : list of tracking.Track
        Of the faces of a video's latest frame.
    """

    def __init__(self, detect, classify, rule=Rule(), min_face=16):
        self.detect, self.classify, self.rule, self.min_face = detect, classify, rule, min_face
        self.tracker, self.seconds, self.covered = Tracker(), Counter(), as_boxes([])
        self.followed = []
        self.looks_again = getattr(detect, "looks_again", False)

    def look(self, image):
        """Label the faces of a single picture.

        Parameters
        ----------
        image : numpy.ndarray
            uint8, shape (height, width, 3), RGB.

        Returns
        -------
        list of LabelledFace
            From left to right.
        """
        labelled = [
            LabelledFace(
                whole(box, image.shape), *self.rule.label(shares, self.classify.class_names)
            )
            for box, shares in zip(*self.ask(image))
        ]
        return sorted(labelled, key=lambda face: face.box)

    def ask(self, image):
        """Find the faces of a single picture and ask about each; no rule labels them yet.

        Parameters
        ----------
        image : numpy.ndarray
            uint8, shape (height, width, 3), RGB.

        Returns
        -------
        boxes : numpy.ndarray
            float, shape (n, 4): `x_min`, `y_min`, `x_max`, `y_max` in pixels.
        probabilities : numpy.ndarray
            float, shape (n, classes).
        """
        self.covered, boxes, _ = self._find(image, ())
        return boxes, self._classify(image, boxes)

    def follow(self, image, seconds, search=True):
        """Label the faces of the next frame of a video.

        Parameters
        ----------
        image : numpy.ndarray
            uint8, shape (height, width, 3), RGB.
        seconds : float
            The frame's time, later than that of the frame before.
        search : bool
            False: don't look for faces; those that are known move on as they did.

        Returns
        -------
        list of LabelledFace
            By track.
        """
        found = self._find(image, self.tracker.boxes) if search else None
        seen = self._track(image, seconds, found)
        return self._label(image, seen)

    def follow_all(self, frames, every=1):
        """Label the faces of a video's frames one after the other, on two processors at once.

        While the faces of a frame are labelled, and whoever asked does something with them, those
        of the next frame are looked for. What is said is what `follow` says.

        Parameters
        ----------
        frames : iterable of frames.Frame
            The next one is asked for before this one's faces are given, in another thread.
        every : int
            Look for faces in each n-th frame only; the first one is among them.

        Yields
        ------
        frame : frames.Frame
        faces : list of LabelledFace
            By track.
        """
        frames, number = iter(frames), 0
        with ThreadPoolExecutor(2) as pool:

            def find(coming, known, search):
                frame = coming.result()
                following = frame and pool.submit(next, frames, None)
                found = self._find(frame.image, known) if frame and search else None
                return frame, found, following

            coming = pool.submit(next, frames, None)
            finding = pool.submit(find, coming, self.tracker.boxes, True)
            while True:
                frame, found, coming = finding.result()
                if frame is None:
                    return
                seen, number = self._track(frame.image, frame.time, found), number + 1
                finding = pool.submit(find, coming, self.tracker.boxes, number % every == 0)
                yield frame, self._label(frame.image, seen)

    @contextmanager
    def timed(self, stage):
        """Add the processor time of a block to a stage."""
        started = time.process_time()
        try:
            yield
        finally:
            self.seconds[stage] += time.process_time() - started

    def _track(self, image, seconds, found):
        """Take in what was found in a frame, None where nobody looked; return who was seen."""
        with self.timed("track"):
            if found is None:
                self.tracker.expect(seconds)
                self.covered = self.tracker.boxes
                return []
            every_box, boxes, scores = found
            tracks = self.tracker.update(boxes, scores, seconds)
            self.covered = np.concatenate([every_box, self.tracker.boxes])
            return [track for track in tracks if track.seen and inside([track.box], image.shape)[0]]

    def _label(self, image, seen):
        """Ask the classifier about tracks; return all that are shown."""
        self._vote(image, seen)
        self.followed = [
            track
            for track in self.tracker.shown
            if track.label
            and inside([track.box], image.shape)[0]
            and not (self.tracker.missed(track) and self._has_gone(track, image.shape))
        ]
        return [
            LabelledFace(
                whole(track.box, image.shape), track.label, track.probability, track.number
            )
            for track in self.followed
        ]

    def _has_gone(self, track, shape):
        """Say whether a face that was not found is not there: asked for again, or at the border."""
        return self.looks_again or leaves(track.box, shape)

    def _vote(self, image, tracks):
        """Ask the classifier about the tracks that are new, changed or unsure."""
        if not tracks:
            return
        with self.timed("cut"):
            faces = cut_faces(image, [track.box for track in tracks], self.classify.size)
            asked = [
                (track, face, sketch)
                for track, face, sketch in zip(tracks, faces, map(_sketch, faces), strict=True)
                if track.wants_look(sketch)
            ]
        if not asked:
            return
        with self.timed("classify"):
            answers = self.classify(np.stack([face for _, face, _ in asked]))
        for (track, _, sketch), shares in zip(asked, answers, strict=True):
            track.vote(shares, self.classify.class_names, self.rule)
            track.remember(sketch)

    def _find(self, image, known):
        """Return all boxes in the picture, and those that are large enough, with their scores."""
        with self.timed("detect"):
            boxes, scores = self.detect(image, known)
            height, width = image.shape[:2]
            boxes = np.clip(boxes, 0, [width, height, width, height])
            kept = sizes(boxes) >= self.min_face
            return boxes, boxes[kept], np.asarray(scores)[kept]

    def _classify(self, image, boxes):
        with self.timed("cut"):
            faces = cut_faces(image, boxes, self.classify.size)
        with self.timed("classify"):
            return self.classify(faces)


def _sketch(face):
    """Return 8 x 8 grey levels of a face, without its brightness."""
    grey = cv2.resize(face, (8, 8), interpolation=cv2.INTER_AREA).astype(np.float32).mean(axis=2)
    return grey - grey.mean()


def inside(boxes, shape, least=4):
    """Say which boxes have at least so many pixels across and down in a picture of a shape."""
    height, width = shape[:2]
    return sizes(np.clip(as_boxes(boxes), 0, [width, height, width, height])) >= least


def leaves(box, shape):
    """Say whether a box touches a picture's border: who is not seen any more there has gone."""
    height, width = shape[:2]
    return min(box[:2]) < 1 or box[2] > width - 1 or box[3] > height - 1


def whole(box, shape):
    """Return a box in whole pixels, clipped to a picture of a shape, as a tuple of int."""
    height, width = shape[:2]
    return tuple(int(edge) for edge in np.clip(np.round(box), 0, [width, height, width, height]))
