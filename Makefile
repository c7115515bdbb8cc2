# Everything one does with this book; `make` alone lists it. Needs make and Python 3.11 or newer.
# Each command first makes the virtual environment .venv, once.
#
# PYTHON=python3.12 chooses the interpreter for .venv.

PORT = 8000
python = .venv/bin/python
# Jupyter refuses to run as root, as one does in a container, unless it is told to.
as_root = $(if $(filter 0,$(shell id -u)),--allow-root)

# Written last by the set-up, with the folder's path: an interrupted set-up is begun anew, and so
# is one in a folder that was moved since.
ready = .venv/.complete
ifneq ($(shell test -x $(python) && cat $(ready) 2>/dev/null),$(CURDIR))
.PHONY: $(ready)
endif

.PHONY: help book serve lite test site-test lab refresh bench record lint lock clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 16

book: $(ready) ## build the book, strictly, into _build/html
	@rm -rf _build/html _build/.doctrees
	$(python) .venv/bin/jupyter-book build . -q -W -n --keep-going
	@echo "The book: $$PWD/_build/html/index.html"

serve: book ## build, then serve on 127.0.0.1 (PORT=8000)
	$(python) -m tools.serve $(PORT)

# With this variable the chapters get a button that opens what is built here.
lite: export MLP_LITE = 1
lite: book .venv/.lite ## build, with Python in the reader's browser (WHEELS=DIR see CONTRIBUTING)
	$(python) -m tools.lite $(WHEELS)

test: $(ready) ## run all tests; execute all notebooks and compare their outputs
	$(python) -m pytest

site-test: book ## build, then look at every page in headless Chromium
	$(python) -m pytest tests/site

lab: $(ready) ## open the notebooks in JupyterLab (LAB_ARGS="--no-browser …")
	$(python) -m jupyterlab --ServerApp.root_dir=book $(as_root) $(LAB_ARGS)

refresh: $(ready) ## execute notebooks and store their outputs (NB="book/05_forward_pass.ipynb …")
	$(python) -m tools.refresh $(NB)

bench: $(ready) ## measure training speed against scikit-learn and PyTorch (BENCH_ARGS=--quick)
	$(python) -m benchmarks.speed $(BENCH_ARGS)

record: $(ready) ## train the MNIST record: three seeds each with and without distorted images
	OPENBLAS_NUM_THREADS=1 $(python) -m benchmarks.record $(RECORD_ARGS)

lint: $(ready) ## ruff on code and notebooks, codespell on all text
	$(python) -m ruff check . && $(python) -m ruff format --check .
	$(python) -m codespell_lib

lock: $(ready) ## pin again what pyproject.toml asks for (LOCK_ARGS=--upgrade for the newest)
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(python) -m uv pip compile --quiet --system-certs --universal \
	  --python-version 3.11 --fork-strategy fewest --annotation-style line \
	  --extra book $(LOCK_ARGS) pyproject.toml --output-file requirements.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(python) -m uv pip compile --quiet --system-certs --universal \
	  --python-version 3.11 --fork-strategy fewest --annotation-style line \
	  --extra lite --constraint requirements.txt $(LOCK_ARGS) pyproject.toml --output-file requirements-lite.txt
	@echo "-e ." >> requirements.txt

clean: ## remove what was built; .venv stays
	rm -rf _build .pytest_cache .ruff_cache

.venv/.lite: $(ready) requirements-lite.txt
	@echo "Adding JupyterLite to .venv, once …"
	@$(python) -m pip install --quiet --disable-pip-version-check -r requirements-lite.txt
	@touch $@

$(ready): requirements.txt pyproject.toml
	@PYTHON="$(PYTHON)" sh tools/setup.sh
