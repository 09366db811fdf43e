"""Mean amplitudes of every wave in eight leads, and how they spread between patients.

A wave is a sum of Gaussians in its own phase; one row of a table holds the amplitudes of one Gaussian in the
eight independent leads (I, II, V1 to V6), in mV. A row splits into a dipole (three numbers, through Dower's matrix)
and a rest that stays with the electrodes.

The QRS and ST-T tables are least-squares fits to the median beats of 756 NORM, 263 CRBBB and 226 CLBBB records
(folds 1 to 7) of PTB-XL, a large publicly available electrocardiography dataset, version 1.0.3, by P. Wagner,
N. Strodthoff, R. Bousseljot, W. Samek and T. Schaeffter, PhysioNet, doi 10.13026/kfzx-aw45, used and changed under
Creative Commons Attribution 4.0 (https://creativecommons.org/licenses/by/4.0/). Only class means are kept, no record.

Dower's matrix: Edenbrandt and Pahlm 1988 (inverse of Dower 1968).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _table(text: str) -> Array:
    rows = np.array([[float(value) for value in line.split()] for line in text.strip().splitlines()])
    rows.setflags(write=False)
    return rows


# Rows I, II, V1 to V6; columns x (left), y (down), z (back).
DOWER = _table("""
  .632 -.235  .059
  .235 1.066 -.132
 -.515  .157 -.917
  .044  .164 -1.387
  .882  .098 -1.277
 1.213  .127 -.601
 1.125  .127 -.086
  .831  .076  .230
""")
DOWER_INVERSE: Array = np.linalg.pinv(DOWER).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Wave:
    """One wave as a sum of Gaussians.

    Parameters
    ----------
    centres, widths
        Phase of each Gaussian's middle and its s.d., shape (row,).
    amplitudes
        Class means in mV, shape (row, lead) of the eight independent leads.
    spread
        S.d. between patients of each row's dipole in mV, shape (row, axis).
    lead_spread
        S.d. between patients of what each lead has beside the dipole in mV, shape (row, lead).
    """

    centres: Array
    widths: Array
    amplitudes: Array
    spread: Array
    lead_spread: Array

    @cached_property
    def dipole(self) -> Array:
        """The part that a dipole explains, in mV, shape (row, axis)."""
        return self.amplitudes @ DOWER_INVERSE.T

    @cached_property
    def rest(self) -> Array:
        """The part that no dipole explains, in mV, shape (row, lead)."""
        return self.amplitudes - self.dipole @ DOWER.T


def _sharpened(rows: Array, strength: float) -> Array:
    """Undo the smearing of a group mean over the phase; the first and last row stay."""
    sharp = rows.copy()
    sharp[1:-1] = (1 + 2 * strength) * rows[1:-1] - strength * (rows[:-2] + rows[2:])
    return sharp


_P = _table("""
.049 .102  .022  .050 .062 .060 .055 .049
.067 .091 -.032  .012 .035 .044 .045 .044
.033 .032 -.021 -.005 .005 .015 .023 .025
""")
_QRS = _table("""
-.01  .00  .04  .03  .01  .00 -.01 -.02
 .00  .00  .16  .36  .29  .15  .05  .00
 .46  .45 -.22  .12  .60  .88  .81  .61
 .47  .57 -.57 -.66  .07  .67  .80  .72
 .02  .02 -.34 -.69 -.59 -.33 -.10  .06
-.01 -.03 -.13 -.26 -.26 -.18 -.09 -.03
 .00  .00 -.03 -.04 -.04 -.02 -.01  .00
""")
_RIGHT = _table("""
-.18 -.38  .38  .50 -.05 -.26 -.30 -.26
 .05 -.10  .48  .75  .50  .14 -.03 -.09
-.06 -.10  .42  .40  .24  .01 -.11 -.10
-.16 -.16  .50  .45  .16 -.12 -.21 -.20
-.21 -.13  .63  .28  .02 -.11 -.15 -.14
-.16 -.09  .43  .02 -.06 -.11 -.12 -.10
-.06 -.02 -.02 -.18 -.14 -.08 -.05 -.03
""")
_QRS_CLBBB = _table("""
 .00 -.01   .13   .28   .25  .09  .01 -.01
 .20  .22  -.61  -.88  -.46  .16  .29  .24
 .51  .27 -1.49 -2.06 -1.72 -.53  .36  .52
 .46  .23 -1.04 -1.56 -1.45 -.71  .29  .56
 .44 -.09  -.67  -.93  -.84 -.37  .33  .55
 .32 -.12  -.26  -.29  -.30 -.23  .06  .24
 .01  .00  -.02  -.03  -.05 -.06 -.06 -.03
""")
_T = _table("""
-.002 .001  .013 .023 .005 -.009 -.010 -.005
 .006 .009  .035 .074 .057  .027  .012  .004
 .024 .030  .026 .094 .085  .052  .033  .023
 .042 .045  .026 .153 .143  .096  .062  .041
 .118 .140  .014 .272 .283  .226  .173  .130
 .144 .167 -.024 .229 .283  .260  .219  .172
 .066 .107  .001 .087 .127  .124  .105  .085
""")
_T_CRBBB = _table("""
-.018 .000  .031 -.020 -.020 -.015 -.018 -.015
 .025 .017 -.059 -.060 -.020  .013  .018  .019
 .039 .036 -.062 -.080 -.010  .032  .037  .035
 .072 .055 -.108 -.120 -.020  .068  .081  .072
 .129 .109 -.146 -.150  .000  .133  .149  .131
 .083 .071 -.105 -.080  .010  .093  .104  .087
 .058 .076 -.010  .030  .060  .088  .071  .061
""")
_T_CLBBB = _table("""
-.05 -.03 .16 .21 .17 .05 -.03 -.06
-.07 -.02 .18 .25 .19 .05 -.06 -.09
-.08 -.03 .27 .42 .33 .12 -.06 -.10
-.10 -.02 .30 .48 .38 .13 -.07 -.12
-.10  .01 .33 .55 .49 .22 -.05 -.12
-.06  .02 .21 .39 .40 .22  .00 -.07
 .04  .09 .03 .13 .17 .15  .09  .04
""")
_SPREAD_QRS = _table("""
.036 .033 .034
.169 .100 .127
.309 .168 .236
.254 .132 .188
.170 .090 .150
.080 .050 .080
.030 .022 .025
""")
_SPREAD_T = _table("""
.021 .017 .020
.019 .013 .019
.022 .013 .022
.027 .017 .031
.030 .019 .022
.040 .024 .027
.018 .022 .028
""")
_SPREAD_RIGHT: Array = np.outer([0.06, 0.16, 0.18, 0.17, 0.14, 0.09, 0.03], [1.0, 0.7, 1.1])
_LEADS_QRS: Array = np.outer(
    [0.15, 0.55, 1.0, 0.9, 0.65, 0.3, 0.12], [0.104, 0.032, 0.098, 0.112, 0.101, 0.094, 0.070, 0.060]
)
_LEADS_T: Array = np.tile([0.024, 0.007, 0.024, 0.028, 0.022, 0.018, 0.015, 0.018], (7, 1))

_QRS_CENTRES = np.array([0.08, 0.22, 0.36, 0.50, 0.64, 0.78, 0.92])
_T_CENTRES = np.array([0.00, 0.20, 0.40, 0.55, 0.68, 0.80, 0.92])
_T_WIDTHS = np.array([0.13, 0.13, 0.12, 0.10, 0.09, 0.08, 0.08])

P = Wave(np.array([0.25, 0.50, 0.75]), np.full(3, 0.13), _P, np.full((3, 3), 0.010), np.full((3, 8), 0.008))
# Fitted with Gaussians of s.d. .072, whose row at every .14 leaves a false line at 60 Hz; wider and lower ones,
# sharpened more, have the same spectrum up to 40 Hz and less of that line. Stretched by 1/.95 about its middle, for the
# mean's first and last Gaussian are nearly nil and the QRS would look shorter in a single lead than it is in all.
_WIDER = 0.072 / 0.076
_STRETCH = 1 / 0.95
QRS = Wave(
    0.5 + _STRETCH * (_QRS_CENTRES - 0.5),
    np.full(7, _STRETCH * 0.076),
    _WIDER * _sharpened(_QRS, 0.15),
    _WIDER * _SPREAD_QRS,
    _WIDER * _LEADS_QRS,
)
RIGHT = Wave(_QRS_CENTRES, np.full(7, 0.085), _sharpened(_RIGHT, 0.06), _SPREAD_RIGHT, 0.7 * _LEADS_QRS)
QRS_CLBBB = Wave(
    _QRS_CENTRES,
    np.full(7, 0.085),
    _sharpened(_QRS_CLBBB, 0.08),
    _SPREAD_QRS * np.array([0.8, 0.8, 1.0]),
    1.1 * _LEADS_QRS,
)
T = Wave(_T_CENTRES, _T_WIDTHS, _T, _SPREAD_T, _LEADS_T)
T_CRBBB = replace(T, amplitudes=_T_CRBBB, spread=1.2 * _SPREAD_T, lead_spread=1.3 * _LEADS_T)
T_CLBBB = replace(T, amplitudes=_T_CLBBB, spread=1.2 * _SPREAD_T, lead_spread=1.5 * _LEADS_T)

# The U wave has one Gaussian; its amplitude in mV is the patient's times these.
U_LEADS = np.array([0.0, 0.4, 0.0, 0.9, 1.0, 0.6, 0.0, 0.0])
