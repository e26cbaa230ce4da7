* 全部估计量 `a' $b | Every "estimator" / * here * /
* The study sink, written by econloom 0.1.0. It estimates every model again, compares
* the numbers with those of econloom's run (expected.csv) and ends with an error where they differ.
* Run it in its own folder: do sink.do
* Data: data, prepared by econloom; names.csv says what each column is. No Stata was at hand when it
* was written: say where a command of your version differs.
*
* Not exported, or not compared:
* panels.c10: bias-corrected least squares has no program with the same expansion (compare xtlsdvc)
* linear.c10.x, linear.c10.region::b:x, linear.c10.region::c:x: standard error not compared: no rule from the factors of the command to those of fixest
* errors.c3.x, errors.c3.控制: standard error not compared: CR2 errors: regress has vce(hc2 cluster) from Stata 18 on only, without absorbed effects; reg_sandwich has other degrees of freedom
* errors.c4.x: standard error not compared: errors correlated over time within units: newey takes no absorbed effects and other factors

version 16
clear all
set more off
set varabbrev off

* ---- commands that are needed
local absent ""
foreach command in esttab ftools ivreg2 ivreghdfe ppmlhdfe ranktest reghdfe xtabond2 {
    capture which `command'
    if _rc {
        local absent `absent' `command'
    }
}
if "`absent'" != "" {
    display as error "commands that are not installed: `absent'"
    display as error "install what is missing of: estout ftools ivreg2 ivreghdfe ppmlhdfe ranktest reghdfe xtabond2 (ssc install NAME)"
    exit 199
}

* ---- programs -------------------------------------------------------------------------------------------------------
* el_check compares the last estimation with expected.csv. Tolerances are relative: a coefficient's to the larger of
* itself and its standard error, a standard error's to itself.
capture program drop el_check
program define el_check
    gettoken model 0 : 0, parse(" ,")
    syntax [, B(real 1e-6) SE(real 1e-5) RC(integer 0)]
    tempname b0 s0 b1 s1 gap worst
    scalar `worst' = 0
    local bad ""
    local seen 0
    if `rc' != 0 local bad "the command failed with r(`rc')"
    forvalues i = 1/`=scalar(el_rows)' {
        if `rc' != 0 | _frval(expected, model, `i') != "`model'" | _frval(expected, compared, `i') == "none" {
            continue
        }
        local coefficient = _frval(expected, coefficient, `i')
        scalar `b0' = _frval(expected, estimate, `i')
        scalar `s0' = _frval(expected, std_error, `i')
        capture scalar `b1' = _b[`coefficient']
        if _rc {
            local bad "`bad' no coefficient `coefficient';"
            continue
        }
        local ++seen
        scalar `gap' = abs(`b1' - `b0') / max(abs(`b0'), `s0')
        scalar `worst' = max(`worst', `gap')
        if missing(`gap') | `gap' > `b' {
            local bad "`bad' `coefficient': `=string(`b1', "%18.0g")', expected `=string(`b0', "%18.0g")';"
        }
        if _frval(expected, compared, `i') != "both" {
            continue
        }
        scalar `s1' = _se[`coefficient']
        scalar `gap' = abs(`s1' - `s0') / `s0'
        scalar `worst' = max(`worst', `gap')
        if missing(`gap') | `gap' > `se' {
            local bad "`bad' `coefficient': error `=string(`s1', "%18.0g")', expected `=string(`s0', "%18.0g")';"
        }
    }
    if `"`bad'"' != "" {
        scalar el_failed = el_failed + 1
        display as error `"FAIL `model' `bad'"'
    }
    else {
        scalar el_passed = el_passed + 1
        display as text "PASS `model' (`seen' coefficients; largest gap " %8.1e scalar(`worst') ")"
    }
end
* el_value compares one number with the only coefficient of a model.
capture program drop el_value
program define el_value
    gettoken model 0 : 0, parse(" ,")
    syntax, VALUE(name) [B(real 1e-6)]
    tempname b0 s0 gap
    forvalues i = 1/`=scalar(el_rows)' {
        if _frval(expected, model, `i') == "`model'" {
            scalar `b0' = _frval(expected, estimate, `i')
            scalar `s0' = _frval(expected, std_error, `i')
        }
    }
    scalar `gap' = abs(scalar(`value') - `b0') / max(abs(`b0'), `s0')
    if missing(`gap') | `gap' > `b' {
        scalar el_failed = el_failed + 1
        display as error "FAIL `model' " %18.0g scalar(`value') ", expected " %18.0g scalar(`b0')
    }
    else {
        scalar el_passed = el_passed + 1
        display as text "PASS `model' (1 coefficient; gap " %8.1e scalar(`gap') ")"
    }
end
* el_describe compares number, mean, standard deviation, smallest and largest value of columns.
capture program drop el_describe
program define el_describe
    args model sample
    tempname b0 b1
    local bad ""
    local seen 0
    forvalues i = 1/`=scalar(el_rows)' {
        if _frval(expected, model, `i') != "`model'" {
            continue
        }
        local coefficient = _frval(expected, coefficient, `i')
        gettoken variable statistic : coefficient
        local statistic = cond(trim("`statistic'") == "n", "N", trim("`statistic'"))
        quietly summarize `variable' if `sample' == 1
        scalar `b0' = _frval(expected, estimate, `i')
        scalar `b1' = r(`statistic')
        local ++seen
        if missing(`b1') | abs(`b1' - `b0') > 1e-10 * abs(`b0') {
            local bad "`bad' `coefficient': `=string(`b1', "%18.0g")', expected `=string(`b0', "%18.0g")';"
        }
    }
    if `"`bad'"' != "" {
        scalar el_failed = el_failed + 1
        display as error `"FAIL `model' `bad'"'
    }
    else {
        scalar el_passed = el_passed + 1
        display as text "PASS `model' (`seen' statistics)"
    }
end
* el_scale multiplies the covariance of the last estimation by a factor: from the program's convention to econloom's.
capture program drop el_scale
program define el_scale, eclass
    args factor
    tempname V
    matrix `V' = e(V) * `factor'
    ereturn repost V = `V'
end
capture program drop el_skip
program define el_skip
    args model
    scalar el_skipped = el_skipped + 1
    display as text "SKIP `model'"
end

* ---- expected numbers
frame create expected
frame change expected
import delimited using "expected.csv", varnames(1) case(preserve) encoding("UTF-8") asdouble stringcols(1 2 3 6 7) clear
scalar el_rows = _N
frame change default
scalar el_passed = 0
scalar el_failed = 0
scalar el_skipped = 0
capture mkdir "tables"

* ---- data
use "data/panel.dta", clear
xtset firm_id year
* log_w: log(w)
* l_x_1: l(x, 1)
* f_控制_1: f(控制, 1)
* d_x: d(x)
* x_控制: x:控制
* year_2003: year::2003
* year_2004: year::2004
* year_2005: year::2005
* year_2006: year::2006
* year_2007: year::2007
* year_2008: year::2008
* l_x_1_控制: l(x, 1):控制
* region_b_x: region::b:x
* region_c_x: region::c:x
* y_2: y (as changed for some models: winsorised, trimmed or moved)
* x_2: x (as changed for some models: winsorised, trimmed or moved)
* 控制_2: 控制 (as changed for some models: winsorised, trimmed or moved)
* l_y_1: l(y, 1)

local controls x 控制

*====================================================================================================
* described Described | Described
*====================================================================================================
summarize y x 控制 share if s7 == 1
el_describe described s7

*====================================================================================================
* linear linear | linear
*====================================================================================================

* linear.c1: y ~ x + 控制 + log(w)
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: hc1, small-sample rules of fixest, K = 4
* log_w is log(w)
capture noisily regress y `controls' log_w if s1 == 1, vce(robust)
local rc = _rc
el_check linear_c1, rc(`rc')
capture estimates store linear_c1

* linear.c2: y ~ x + 控制 | firm + year
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of fixest, K = 10, G = 40
capture noisily reghdfe y `controls' if s1 == 1, absorb(firm_id year) vce(cluster firm_id) tolerance(1e-10)
local rc = _rc
el_check linear_c2, rc(`rc')
capture estimates store linear_c2

* linear.c3: y ~ x + 控制 | firm + year
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of areg, K = 49, G = 40
capture noisily areg y `controls' i.year if s1 == 1, absorb(firm_id) vce(cluster firm_id)
local rc = _rc
el_check linear_c3, rc(`rc')
capture estimates store linear_c3

* linear.c4: y ~ x + 控制 | firm + year
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of xtreg, K = 10, G = 40
capture noisily xtreg y `controls' i.year if s1 == 1, fe vce(cluster firm_id)
local rc = _rc
el_check linear_c4, rc(`rc')
capture estimates store linear_c4

* linear.c5: y ~ x + 控制 | firm + year
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: iid, small-sample rules of none
capture noisily reghdfe y `controls' if s1 == 1, absorb(firm_id year) vce(unadjusted) tolerance(1e-10)
local rc = _rc
* reghdfe has the factor 0.004329004329004329 here, the convention none 0.0035714285714285713: rescaled
if `rc' == 0 el_scale 0.825
el_check linear_c5, rc(`rc')
capture estimates store linear_c5

* linear.c6: y ~ x | firm + region^year
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm, year), small-sample rules of reghdfe, K = 2, G = 8
capture noisily reghdfe y x if s1 == 1, absorb(firm_id region_id#year) vce(cluster firm_id year) ///
    tolerance(1e-10)
local rc = _rc
el_check linear_c6, rc(`rc')
capture estimates store linear_c6

* linear.c7: y ~ x + 控制 | firm + year
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of reghdfe, K = 10, G = 40
capture noisily reghdfe y `controls' if s1 == 1 [aw=w], absorb(firm_id year) vce(cluster firm_id) ///
    tolerance(1e-10)
local rc = _rc
el_check linear_c7, rc(`rc')
capture estimates store linear_c7

* linear.c8: y ~ l(x, 1) + f(控制, 1) + d(x) | firm
* sample s2: all rows; 280 rows, 65 missing regressor l(x, 1); 52 missing regressor f(控制, 1), n = 163
* standard errors: cluster(firm), small-sample rules of reghdfe, K = 4, G = 40
* d_x is d(x)
* l(x, 1) is written L.x
* f(控制, 1) is written F.控制 (l(控制, -1))
capture noisily reghdfe y L.x F.控制 d_x if s2 == 1, absorb(firm_id) vce(cluster firm_id) keepsingletons ///
    tolerance(1e-10)
local rc = _rc
el_check linear_c8, rc(`rc')
capture estimates store linear_c8

* linear.c9: y ~ x * 控制 + i(year, ref=2002) + l(x, 1):控制 | firm
* sample s3: all rows; 280 rows, 65 missing regressor l(x, 1):控制, n = 215
* standard errors: cluster(firm), small-sample rules of xtreg, K = 11, G = 40
* x:控制 is written c.x#c.控制 (x * 控制)
* year::2003 is written 2003.year ((year == 2003))
* year::2004 is written 2004.year ((year == 2004))
* year::2005 is written 2005.year ((year == 2005))
* year::2006 is written 2006.year ((year == 2006))
* year::2007 is written 2007.year ((year == 2007))
* year::2008 is written 2008.year ((year == 2008))
* l(x, 1):控制 is written cL.x#c.控制 (l(x, 1) * 控制)
capture noisily xtreg y `controls' c.x#c.控制 2003.year 2004.year 2005.year 2006.year 2007.year 2008.year ///
    cL.x#c.控制 if s3 == 1, fe vce(cluster firm_id)
local rc = _rc
el_check linear_c9, rc(`rc')
capture estimates store linear_c9

* linear.c10: y ~ x + i(region, x, ref='a') | firm[trend]
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of fixest, K = 44, G = 40
* region_b_x is region::b:x
* region_c_x is region::c:x
capture noisily reghdfe y x region_b_x region_c_x if s1 == 1, absorb(firm_id##c.trend) ///
    vce(cluster firm_id) tolerance(1e-10)
local rc = _rc
el_check linear_c10, rc(`rc')
capture estimates store linear_c10

* linear.c11: y ~ 0 + x + 控制
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: iid, small-sample rules of fixest, K = 2
capture noisily regress y `controls' if s1 == 1, noconstant
local rc = _rc
el_check linear_c11, rc(`rc')
capture estimates store linear_c11

* linear.c12: y ~ x + 控制 | firm + year
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of reghdfe, K = 10, G = 40
* y_2 is y
* x_2 is x
* 控制_2 is 控制
capture noisily reghdfe y_2 x_2 控制_2 if s1 == 1, absorb(firm_id year) vce(cluster firm_id) tolerance(1e-10)
local rc = _rc
el_check linear_c12, rc(`rc')
capture estimates store linear_c12

* linear.c13: y ~ x + 控制 | firm + year
* sample s4: all rows; 280 rows, 56 missing outcome y; 36 missing regressor x; 36 missing regressor 控制, n = 152
* standard errors: cluster(firm), small-sample rules of reghdfe, K = 10, G = 40
capture noisily reghdfe y `controls' if s4 == 1, absorb(firm_id year) vce(cluster firm_id) keepsingletons ///
    tolerance(1e-10)
local rc = _rc
el_check linear_c13, rc(`rc')
capture estimates store linear_c13

* linear.c14: y ~ x | firm + year
* sample s5: (year > 2002 and x > -2); 280 rows, 82 outside where: (year > 2002 and x > -2), n = 198
* standard errors: cluster(firm), small-sample rules of reghdfe, K = 7, G = 40
capture noisily reghdfe y x if s5 == 1, absorb(firm_id year) vce(cluster firm_id) tolerance(1e-10)
local rc = _rc
el_check linear_c14, rc(`rc')
capture estimates store linear_c14

capture noisily esttab linear_c1 linear_c2 linear_c3 linear_c4 linear_c5 linear_c6 linear_c7 linear_c8 ///
    linear_c9 linear_c10 linear_c11 linear_c12 linear_c13 linear_c14 using "tables/linear.rtf", replace ///
    b(%12.4f) se(%12.4f) star(* 0.1 ** 0.05 *** 0.01) title("linear | linear") label nogaps
capture noisily esttab linear_c1 linear_c2 linear_c3 linear_c4 linear_c5 linear_c6 linear_c7 linear_c8 ///
    linear_c9 linear_c10 linear_c11 linear_c12 linear_c13 linear_c14 using "tables/linear.tex", replace ///
    b(%12.4f) se(%12.4f) star(* 0.1 ** 0.05 *** 0.01) title("linear | linear") label nogaps booktabs

*====================================================================================================
* errors errors | errors
*====================================================================================================

* errors.c1: y ~ x + 控制 | firm
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: hc2, small-sample rules of fixest, K = 42
capture noisily regress y `controls' i.firm_id if s1 == 1, vce(hc2)
local rc = _rc
* regress has the factor 1 here, the convention fixest 1.1764705882352942: rescaled
if `rc' == 0 el_scale 1.1764705882352942
el_check errors_c1, rc(`rc')
capture estimates store errors_c1

* errors.c2: y ~ x + 控制
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: hc3, small-sample rules of none
capture noisily regress y `controls' if s1 == 1, vce(hc3)
local rc = _rc
el_check errors_c2, rc(`rc')
capture estimates store errors_c2

* errors.c3: y ~ x + 控制 | year
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cr2(firm), small-sample rules of fixest
capture noisily reghdfe y `controls' if s1 == 1, absorb(year) vce(cluster firm_id) tolerance(1e-10)
local rc = _rc
el_check errors_c3, rc(`rc')
capture estimates store errors_c3

* errors.c4: y ~ x | firm + year
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: newey_west(2), small-sample rules of fixest
capture noisily reghdfe y x if s1 == 1, absorb(firm_id year) vce(robust) tolerance(1e-10)
local rc = _rc
el_check errors_c4, rc(`rc')
capture estimates store errors_c4

* errors.c5: y ~ x | firm + year
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: wild(firm), small-sample rules of fixest, K = 9, G = 40, p values from random draws are not compared (boottest, fwildclusterboot)
capture noisily reghdfe y x if s1 == 1, absorb(firm_id year) vce(cluster firm_id) tolerance(1e-10)
local rc = _rc
el_check errors_c5, rc(`rc')
capture estimates store errors_c5

capture noisily esttab errors_c1 errors_c2 errors_c3 errors_c4 errors_c5 using "tables/errors.rtf", ///
    replace b(%12.4f) se(%12.4f) star(* 0.1 ** 0.05 *** 0.01) title("errors | errors") label nogaps
capture noisily esttab errors_c1 errors_c2 errors_c3 errors_c4 errors_c5 using "tables/errors.tex", ///
    replace b(%12.4f) se(%12.4f) star(* 0.1 ** 0.05 *** 0.01) title("errors | errors") label nogaps ///
    booktabs

*====================================================================================================
* instruments instruments | instruments
*====================================================================================================

* instruments.c1: y ~ 控制 | firm + year | x ~ z + z2
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of reghdfe, K = 10, G = 40
capture noisily ivreghdfe y 控制 (x = z z2) if s1 == 1, absorb(firm_id year) cluster(firm_id)
local rc = _rc
el_check instruments_c1, rc(`rc')
capture estimates store instruments_c1

* instruments.c2: y ~ 控制 | x ~ z
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of ivreg2_small, K = 3, G = 40
capture noisily ivreg2 y 控制 (x = z) if s1 == 1, cluster(firm_id) small
local rc = _rc
el_check instruments_c2, rc(`rc')
capture estimates store instruments_c2

* instruments.c3: y ~ 控制 | x ~ z
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: hc1, small-sample rules of ivreg2
capture noisily ivreg2 y 控制 (x = z) if s1 == 1, robust small
local rc = _rc
* ivreg2 has the factor 1.0108303249097472 here, the convention ivreg2 1: rescaled
if `rc' == 0 el_scale 0.9892857142857143
el_check instruments_c3, rc(`rc')
capture estimates store instruments_c3

* instruments.c4: y ~ 控制 | firm + year | x ~ z + z2
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of reghdfe, K = 10, G = 40
capture noisily ivreghdfe y 控制 (x = z z2) if s1 == 1, absorb(firm_id year) liml cluster(firm_id)
local rc = _rc
el_check instruments_c4, rc(`rc')
capture estimates store instruments_c4

* instruments.c5: y ~ 控制 | firm + year | x ~ z + z2
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of reghdfe, K = 10, G = 40
capture noisily ivreghdfe y 控制 (x = z z2) if s1 == 1, absorb(firm_id year) gmm2s cluster(firm_id)
local rc = _rc
el_check instruments_c5, rc(`rc')
capture estimates store instruments_c5

capture noisily esttab instruments_c1 instruments_c2 instruments_c3 instruments_c4 instruments_c5 using ///
    "tables/instruments.rtf", replace b(%12.4f) se(%12.4f) star(* 0.1 ** 0.05 *** 0.01) ///
    title("instruments | instruments") label nogaps
capture noisily esttab instruments_c1 instruments_c2 instruments_c3 instruments_c4 instruments_c5 using ///
    "tables/instruments.tex", replace b(%12.4f) se(%12.4f) star(* 0.1 ** 0.05 *** 0.01) ///
    title("instruments | instruments") label nogaps booktabs

*====================================================================================================
* panels panels | panels
*====================================================================================================

* panels.c1: y ~ x + 控制
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: iid, small-sample rules of xtreg, K = 3
capture noisily xtreg y `controls' if s1 == 1, re
local rc = _rc
el_check panels_c1, rc(`rc')
capture estimates store panels_c1

* panels.c2: y ~ x + 控制
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of xtreg, K = 3, G = 40
capture noisily xtreg y `controls' if s1 == 1, re vce(cluster firm_id)
local rc = _rc
el_check panels_c2, rc(`rc')
capture estimates store panels_c2

* panels.c3: y ~ x
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of xtreg, K = 2, G = 40
capture noisily xtreg y x if s1 == 1, re sa vce(cluster firm_id)
local rc = _rc
el_check panels_c3, rc(`rc')
capture estimates store panels_c3

* panels.c4: y ~ x + 控制
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: iid, small-sample rules of xtreg, K = 3
capture noisily xtreg y `controls' if s1 == 1, be
local rc = _rc
el_check panels_c4, rc(`rc')
capture estimates store panels_c4

* panels.c5: y ~ x + 控制
* sample s1: all rows; 280 rows, 65 no row one period before, n = 215
* standard errors: cluster(firm), small-sample rules of xtreg, K = 3, G = 40
capture noisily regress D.y D.x D.控制 if s1 == 1 & L.s1 == 1, vce(cluster firm_id)
local rc = _rc
el_check panels_c5, rc(`rc')
capture estimates store panels_c5

* panels.c6: y ~ l(y, 1) + x
* sample s1: all rows; 280 rows, 65 missing regressor l(y, 1), n = 215
* standard errors: windmeijer, small-sample rules of none
* l(y, 1) is written L.y
capture noisily xtabond2 y L.y x if s1 == 1, gmm(y, lag(2 .) collapse) iv(x, eq(diff)) twostep robust h(3)
local rc = _rc
el_check panels_c6, rc(`rc') b(1e-05) se(0.0001)
capture estimates store panels_c6

* panels.c7: y ~ l(y, 1) + x
* sample s1: all rows; 280 rows, 65 missing regressor l(y, 1); 40 no later row of the unit, n = 175
* standard errors: two-step, small-sample rules of none
* l(y, 1) is written L.y
capture noisily xtabond2 y L.y x if s1 == 1, gmm(y, lag(2 3)) iv(x) noleveleq orthogonal twostep h(3)
local rc = _rc
el_check panels_c7, rc(`rc') b(1e-05) se(0.0001)
capture estimates store panels_c7

* panels.c8: y ~ l(y, 1) + x
* sample s1: all rows; 280 rows, 65 missing regressor l(y, 1), n = 215
* standard errors: robust, small-sample rules of none
* l(y, 1) is written L.y
capture noisily xtabond2 y L.y x if s1 == 1, gmm(y, lag(2 .)) iv(x, eq(diff)) robust h(2)
local rc = _rc
el_check panels_c8, rc(`rc') b(1e-05) se(0.0001)
capture estimates store panels_c8

* panels.c9: y ~ l(y, 1) + x + 控制
* sample s1: all rows; 280 rows, 65 missing regressor l(y, 1); 52 no row one period before, n = 163
* standard errors: windmeijer, small-sample rules of none
* l(y, 1) is written L.y
capture noisily xtabond2 y L.y `controls' if s1 == 1, gmm(y, lag(2 4) collapse) gmm(x, lag(1 3)) iv(控制) ///
    noleveleq twostep robust h(3)
local rc = _rc
el_check panels_c9, rc(`rc') b(1e-05) se(0.0001)
capture estimates store panels_c9

capture noisily esttab panels_c1 panels_c2 panels_c3 panels_c4 panels_c5 panels_c6 panels_c7 panels_c8 ///
    panels_c9 using "tables/panels.rtf", replace b(%12.4f) se(%12.4f) star(* 0.1 ** 0.05 *** 0.01) ///
    title("panels | panels") label nogaps
capture noisily esttab panels_c1 panels_c2 panels_c3 panels_c4 panels_c5 panels_c6 panels_c7 panels_c8 ///
    panels_c9 using "tables/panels.tex", replace b(%12.4f) se(%12.4f) star(* 0.1 ** 0.05 *** 0.01) ///
    title("panels | panels") label nogaps booktabs

*====================================================================================================
* limited limited | limited
*====================================================================================================

* limited.c1: count ~ x + 控制
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: hc1, small-sample rules of fixest, K = 3
capture noisily poisson count `controls' if s1 == 1, vce(robust) tolerance(1e-10)
local rc = _rc
* poisson has the factor 1.003584229390681 here, the convention fixest 1.0108303249097472: rescaled
if `rc' == 0 el_scale 1.0072202166064983
el_check limited_c1, rc(`rc')
capture estimates store limited_c1

* limited.c2: count ~ x + 控制 | firm + year
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of fixest, K = 10, G = 40
capture noisily ppmlhdfe count `controls' if s1 == 1, absorb(firm_id year) vce(cluster firm_id) ///
    tolerance(1e-10)
local rc = _rc
* ppmlhdfe has the factor 1.0256410256410255 here, the convention fixest 1.0598290598290598: rescaled
if `rc' == 0 el_scale 1.0333333333333334
el_check limited_c2, rc(`rc')
capture estimates store limited_c2

* limited.c3: count ~ x | year
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: iid, small-sample rules of fixest, K = 9
capture noisily poisson count x i.year if s1 == 1, tolerance(1e-10)
local rc = _rc
* poisson has the factor 1 here, the convention fixest 1.029520295202952: rescaled
if `rc' == 0 el_scale 1.029520295202952
el_check limited_c3, rc(`rc')
capture estimates store limited_c3

* limited.c4: any ~ x + 控制
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: iid, small-sample rules of fixest, K = 3
capture noisily logit any `controls' if s1 == 1, tolerance(1e-10)
local rc = _rc
* logit has the factor 1 here, the convention fixest 1.0072202166064983: rescaled
if `rc' == 0 el_scale 1.0072202166064983
el_check limited_c4, rc(`rc')
capture estimates store limited_c4

* limited.c5: any ~ x + 控制
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of fixest, K = 3, G = 40
capture noisily logit any `controls' if s1 == 1, vce(cluster firm_id) tolerance(1e-10)
local rc = _rc
* logit has the factor 1.0256410256410255 here, the convention fixest 1.0330463760066648: rescaled
if `rc' == 0 el_scale 1.0072202166064983
el_check limited_c5, rc(`rc')
capture estimates store limited_c5

* limited.c6: any ~ x | region
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: hc1, small-sample rules of fixest, K = 4
capture noisily logit any x i.region_id if s1 == 1, vce(robust) tolerance(1e-10)
local rc = _rc
* logit has the factor 1.003584229390681 here, the convention fixest 1.0144927536231885: rescaled
if `rc' == 0 el_scale 1.0108695652173914
el_check limited_c6, rc(`rc')
capture estimates store limited_c6

* limited.c7: any ~ x | firm
* sample s6: all rows; 280 rows, 34 no variation: the outcome is all 0 or all 1 in a group of firm, n = 246
* standard errors: iid, small-sample rules of fixest, K = 1
capture noisily clogit any x if s6 == 1, group(firm_id) tolerance(1e-10)
local rc = _rc
el_check limited_c7, rc(`rc')
capture estimates store limited_c7

* limited.c8: cut ~ x + 控制
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: iid, small-sample rules of none
capture noisily tobit cut `controls' if s1 == 1, ll(0) tolerance(1e-10)
local rc = _rc
el_check limited_c8, rc(`rc') b(1e-05) se(0.0001)
capture estimates store limited_c8

* limited.c9: cut ~ x
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: cluster(firm), small-sample rules of none
capture noisily tobit cut x if s1 == 1, ll(0) ul(3) vce(cluster firm_id) tolerance(1e-10)
local rc = _rc
el_check limited_c9, rc(`rc') b(1e-05) se(0.0001)
capture estimates store limited_c9

* limited.c10: cut ~ x
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: iid, small-sample rules of none
capture noisily xttobit cut x if s1 == 1, ll(0) intpoints(24) tolerance(1e-10)
local rc = _rc
el_check limited_c10, rc(`rc') b(0.0001) se(0.001)
capture estimates store limited_c10

* limited.c11: share ~ x + 控制
* sample s1: all rows; 280 rows, none lost, n = 280
* standard errors: hc1, small-sample rules of none
capture noisily fracreg logit share `controls' if s1 == 1, vce(robust) tolerance(1e-10)
local rc = _rc
el_check limited_c11, rc(`rc') b(1e-05) se(0.0001)
capture estimates store limited_c11

capture noisily esttab limited_c1 limited_c2 limited_c3 limited_c4 limited_c5 limited_c6 limited_c7 ///
    limited_c8 limited_c9 limited_c10 limited_c11 using "tables/limited.rtf", replace b(%12.4f) ///
    se(%12.4f) star(* 0.1 ** 0.05 *** 0.01) title("limited | limited") label nogaps
capture noisily esttab limited_c1 limited_c2 limited_c3 limited_c4 limited_c5 limited_c6 limited_c7 ///
    limited_c8 limited_c9 limited_c10 limited_c11 using "tables/limited.tex", replace b(%12.4f) ///
    se(%12.4f) star(* 0.1 ** 0.05 *** 0.01) title("limited | limited") label nogaps booktabs

*====================================================================================================
display as text scalar(el_passed) " models and tables agree, " scalar(el_failed) " do not, " ///
    scalar(el_skipped) " skipped"
if scalar(el_failed) > 0 {
    if "`c(mode)'" == "batch" {
        exit 9, STATA clear
    }
    exit 9
}
