"""What later revisions of a PDF changed, and whether a signature before them allows that.

    graph ──► comparison ──► document, pages, form ──► steps ──► allowance

``graph`` says what refers to what, ``comparison`` sets two neighbouring revisions side by side, ``document``,
``pages`` and ``form`` walk from the root and name each change in its role, ``steps`` does so once for each
revision, ``allowance`` judges the steps for one signature. What changed and no walk arrives at never passes.
"""
