"""Reports for people: a view and a width in, a `Page` of styled lines out.

No line is wider than the page, but for those that scripts look for: they are never folded, and the last line of a page
keeps its beginning. Values are written as in YAML, by `values`. What may be shown, and what is counted, the views say.
"""
