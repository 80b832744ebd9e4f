"""Distributions that the logits processors of transformers leave, for the tests of Sampler:

    python sampling.py >sampling.json

transformers 5.23.0, torch 2.15.0. Logits have few digits, so that the file is exact; some are equal, some -inf (null).
"""

import json
import random

import torch
from transformers.generation.logits_process import (
    MinPLogitsWarper, RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)

# In the order in which generate applies them.
PROCESSORS = [
    ("penalty", RepetitionPenaltyLogitsProcessor), ("temperature", TemperatureLogitsWarper),
    ("top_k", TopKLogitsWarper), ("top_p", TopPLogitsWarper), ("min_p", MinPLogitsWarper)]

SETTINGS = [
    {}, {"temperature": 0.7}, {"top_k": 5}, {"top_p": 0.9}, {"min_p": 0.1},
    {"temperature": 2.0, "top_k": 8, "top_p": 0.8}, {"temperature": 0.5, "top_p": 0.5, "min_p": 0.2},
    {"penalty": 1.3}, {"penalty": 0.6, "temperature": 1.5, "top_k": 20, "top_p": 0.95, "min_p": 0.05},
    {"penalty": 2.0, "temperature": 0.9, "top_k": 3}, {"top_k": 1}, {"top_p": 0.01}, {"min_p": 1.0},
    {"top_k": 100, "top_p": 0.7}]


def case(settings, logits, seen):
    scores = logits.clone()
    for name, processor in PROCESSORS:
        if name in settings:
            scores = processor(settings[name])(torch.tensor([seen]), scores)
    return {
        **settings, "seen": seen,
        "logits": [None if x == -float("inf") else x for x in logits[0].tolist()],
        "log_probs": [None if x == -float("inf") else round(x, 7) for x in torch.log_softmax(logits.double(), -1)[0].tolist()],
        "probs": [round(x, 8) for x in torch.softmax(scores.double(), -1)[0].tolist()]}


def main():
    torch.manual_seed(20261124)
    random.seed(20261124)
    lines = []
    for size, spread, digits in ((40, 1.0, 1024), (40, 4.0, 1024), (23, 0.1, 16)):
        for settings in SETTINGS:
            logits = (torch.randn(1, size) * spread * digits).round() / digits
            if spread == 4.0:
                logits[0, random.randrange(size)] = -float("inf")
            seen = [random.randrange(size) for _ in range(6)]
            lines.append(json.dumps(case(settings, logits, seen), separators=(",", ":")))
    print("[\n" + ",\n".join(lines) + "\n]")


main()
