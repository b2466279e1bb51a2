"""Language models behind one protocol: questions out, checked replies in.

The only network in the engine. ``call`` has the words of all of it; ``send`` asks, ``store`` keeps
what was paid for, ``prompts`` and ``reply`` say what is asked and what an answer may be, and
``judge`` puts them together.
"""
