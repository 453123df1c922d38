"""The Keras layer that makes faces small at random: what chapter 06 trains with."""

import numpy as np
from PIL import Image

from course_utils.augmentation.layers import Fault, keras, ops

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "area": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


@keras.saving.register_keras_serializable("course")
class RandomFaceSize(Fault):
    """A camera that is far away.

    Each picture is shrunk until its face has a random size, and enlarged again.

    Shrinking and enlarging along one axis is a product with a matrix, whose rows are what the
    resampling filter weighs. There is one matrix for every size and filter; a batch picks its own
    and costs two products, whatever the sizes.

    Parameters
    ----------
    smallest, largest : int
        Of the face's shorter side in pixels, both included, 1 or more. A picture is never enlarged:
        a size above its own leaves it alone.
    shrink : sequence of str
        Filters to choose from at random: "nearest" takes single pixels, "area" averages as a sensor
        does, "bilinear" and "bicubic" are Pillow's, which widen with the factor.
    enlarge : sequence of str
        The same for the way back; the course's pipeline enlarges by "bilinear".
    spread : str
        "uniform": every size is as likely as the next; "log": every factor is, so that half of the
        pictures lie below the geometric mean.
    margin : float
        What surrounds the face on every side, as a share of the face:
        `course_utils.training.pipeline.MARGIN`.
    """

    def __init__(
        self,
        smallest=10,
        largest=40,
        shrink=("area",),
        enlarge=("bilinear",),
        spread="uniform",
        margin=0.25,
        seed=None,
        **kwargs,
    ):
        super().__init__(seed, **kwargs)
        if (
            not 1 <= smallest <= largest
            or spread not in ("uniform", "log")
            or not {*shrink, *enlarge} <= set(FILTERS)
        ):
            raise ValueError(
                f"Face sizes of {smallest} to {largest} pixels, {spread} over {shrink} and"
                f" {enlarge}, can't be drawn: give 1 or more pixels, the "
                'smaller number first, "uniform" or "log", and filters out of'
                f" {', '.join(FILTERS)}."
            )
        self.smallest, self.largest, self.shrink, self.enlarge = (
            smallest,
            largest,
            tuple(shrink),
            tuple(enlarge),
        )
        self.spread, self.margin = spread, margin

    def build(self, input_shape):
        self.rows, self.columns = (
            self.matrices(side, min(input_shape[1:3])) for side in input_shape[1:3]
        )

    def matrices(self, side, shorter):
        """Make the products of shrinking and enlarging.

        Float32 (sizes * filters, side, side), sizes first.
        """
        made = []
        for face in range(self.smallest, self.largest + 1):
            pixels = max(1, round(side * face * (1 + 2 * self.margin) / shorter))
            for down in self.shrink:
                for up in self.enlarge:
                    made.append(
                        _resampling(pixels, side, up) @ _resampling(side, pixels, down)
                        if pixels < side
                        else np.eye(side, dtype=np.float32)
                    )
        return np.stack(made)

    def sizes(self, count):
        """Draw the faces' sizes in pixels: int32 (count,)."""
        chance, sizes = self.uniform(0, 1, count), self.largest - self.smallest + 1
        if self.spread == "uniform":
            size = self.smallest + ops.floor(chance * sizes)
        else:
            size = ops.round(self.smallest * (self.largest / self.smallest) ** chance)
        return ops.clip(ops.cast(size, "int32"), self.smallest, self.largest)

    def spoil(self, pictures):
        count, filters = ops.shape(pictures)[0], len(self.shrink) * len(self.enlarge)
        way = ops.minimum(ops.cast(self.uniform(0, filters, count), "int32"), filters - 1)
        number = (self.sizes(count) - self.smallest) * filters + way
        rows, columns = (
            ops.take(ops.convert_to_tensor(matrices), number, axis=0)
            for matrices in (self.rows, self.columns)
        )
        return ops.clip(ops.einsum("nij,njwc,nkw->nikc", rows, pictures, columns), 0, 255)

    def get_config(self):
        return {
            **super().get_config(),
            "smallest": self.smallest,
            "largest": self.largest,
            "shrink": self.shrink,
            "enlarge": self.enlarge,
            "spread": self.spread,
            "margin": self.margin,
        }


def _resampling(old, new, name):
    """Resize the rows of a unit matrix, which gives Pillow's own weights: float32 (new, old)."""
    return np.asarray(
        Image.fromarray(np.eye(old, dtype=np.float32)).resize((old, new), FILTERS[name])
    )
