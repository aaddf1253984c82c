"""The four faces of Liberation Serif, unmodified, with their licence.

They have the widths of Times New Roman (ND 30/2020 PL I) and every Vietnamese letter.
"""
