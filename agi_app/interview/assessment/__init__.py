"""What an interview says about a candidate: competency scores with their evidence, level, offer range, a recommendation.

Pure: a result, the brief and the language pack go in, an `Assessment` comes out. It looks at what was said and at the job, never
at mood, voice, name or anything protected. What it recommends, a person decides.
"""
