"""Values of steps kept between runs: what a step's code is, where entries lie, when they are used and thrown away."""
