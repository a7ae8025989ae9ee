"""A data loader in a process of its own: python -m benchmarks.peers.loading

It reads a Job as JSON from stdin, loads the epochs it asks for, and writes a line of JSON with the
seconds of each and the MB of memory after it. Images arrive as Paddle's tensors on its device: ours
as uint8, to be cast there, those of others as float32 [N, 3, H, W].
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import _clone  # noqa: F401  puts the clone first on sys.path
import cv2
import numpy as np
import paddle

from benchmarks.peers.contender import JITTER, Job
from benchmarks.soak import family, reading


def main() -> None:
    job = Job(**json.load(sys.stdin))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print
    cv2.setNumThreads(0)
    paddle.set_device("cpu")
    seconds, memory = [], []
    load = LOADERS[job.loader](job)
    started = time.perf_counter()
    for epoch in range(job.epochs):
        count = 0
        for images in load(epoch):
            count += len(images)
        seconds.append(time.perf_counter() - started)
        if count != len(job.files):
            raise ValueError(f"{job.loader} gave {count} images of {len(job.files)}")
        memory.append(reading(family(os.getpid()))["pss_mb"])
        started = time.perf_counter()
    print(json.dumps({"seconds": seconds, "memory": memory}), file=answers, flush=True)


def ours(job: Job) -> Callable[[int], Iterator]:
    from paddle_aug.augment.modes import augmentation
    from paddle_aug.data.augmented import Augmented
    from paddle_aug.data.cache import Cache, decoded_images
    from paddle_aug.data.samples import Sample
    from paddle_aug.data.workers import Workers
    from paddle_aug.training.batches import Batches
    from paddle_aug.training.distributed import Group

    mode = "crop((0, 0.125))|hflip|brightness(0.4)|contrast(0.4)|color(0.4)"
    samples = [Sample(file, file, 0, line) for line, file in enumerate(job.files, 1)]
    decoded = decoded_images(samples, Cache(job.size, job.cache))
    transform = augmentation(mode if job.mode == JITTER else job.mode)
    dataset = Augmented(samples, job.size, transform, 0, decoded)
    workers = Workers({"train": dataset}, job.workers, job.batch + 1)
    batches = Batches(workers, "train", job.batch, 0, True, Group())
    return lambda epoch: (images for images, *_ in batches.of(epoch))


def notebook(job: Job) -> Callable[[int], Iterator]:
    """The notebook's data_reader, which shuffles once, and its to_variable."""
    from benchmarks.peers import notebook as ways

    augment = {
        "none": lambda image: image,
        "userDef": ways.user_def,
        "imgaugLib": ways.imgaug_lib,
        "allab": lambda image: ways.imgaug_lib(ways.user_def(image)),
    }[job.mode]

    def read(file):
        image = cv2.cvtColor(cv2.imread(file), cv2.COLOR_BGR2RGB)
        image = np.transpose(augment(cv2.resize(image, (job.size, job.size))), (2, 0, 1))
        image = image.astype("float32")
        image = image / 255.0
        return image * 2.0 - 1.0

    def load(epoch):
        for start in range(0, len(job.files), job.batch):
            images = [read(file) for file in job.files[start : start + job.batch]]
            yield paddle.to_tensor(np.array(images).astype("float32"))

    return load


def paddle_io(job: Job) -> Callable[[int], Iterator]:
    """paddle.io's loader over paddle.vision's transforms, cv2 backend, for the jitter job."""
    from paddle.vision import transforms as T

    larger = round(job.size / 0.875)
    transform = T.Compose(
        [
            T.Resize((larger, larger)),
            T.RandomCrop(job.size),
            T.RandomHorizontalFlip(),
            T.ColorJitter(0.4, 0.4, 0.4, 0),
            T.Transpose(),
            T.Normalize(127.5, 127.5),
        ]
    )

    class Files(paddle.io.Dataset):
        def __getitem__(self, index):
            return transform(cv2.cvtColor(cv2.imread(job.files[index]), cv2.COLOR_BGR2RGB))

        def __len__(self):
            return len(job.files)

    loader = paddle.io.DataLoader(
        Files(),
        batch_size=job.batch,
        shuffle=True,
        num_workers=job.workers,
        persistent_workers=job.workers > 0,
    )
    return lambda epoch: (batch[0] if isinstance(batch, list) else batch for batch in loader)


def paddleclas(job: Job) -> Callable[[int], Iterator]:
    """PaddleClas's ops for the same job in paddle.io's loader, as build_dataloader sets it up.

    Its package on PyPI lacks these ops: put a clone of PaddleClas on PYTHONPATH.
    """
    from ppcls.data.preprocess.ops import operators

    steps = [
        operators.DecodeImage(to_rgb=True),
        operators.RandCropImage(job.size, scale=[0.77, 1.0]),
        operators.RandFlipImage(flip_code=1),
        operators.ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4),
        operators.NormalizeImage(scale=1 / 127.5, mean=[1, 1, 1], std=[1, 1, 1], order=""),
        operators.ToCHWImage(),
    ]

    class Files(paddle.io.Dataset):
        def __getitem__(self, index):
            image = Path(job.files[index]).read_bytes()
            for step in steps:
                image = step(image)
            return image

        def __len__(self):
            return len(job.files)

    loader = paddle.io.DataLoader(
        Files(), batch_size=job.batch, shuffle=True, num_workers=job.workers
    )
    return lambda epoch: (batch[0] if isinstance(batch, list) else batch for batch in loader)


LOADERS = {
    "ours": ours,
    "notebook": notebook,
    "paddle.io": paddle_io,
    "PaddleClas": paddleclas,
}


if __name__ == "__main__":
    main()
