"""Well-known names that packages and Python itself have removed, with the version, and where that is written down.

A list of facts, not of advice: a name is here when code that uses it fails with the version given and later ones.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Removed:
    package: str
    version: str
    source: str
    names: str


_ABSTRACT = """
Awaitable Coroutine AsyncIterable AsyncIterator AsyncGenerator Hashable Iterable Iterator Generator Reversible Container
Collection Callable Set MutableSet Mapping MutableMapping MappingView KeysView ItemsView ValuesView Sequence
MutableSequence ByteString Sized
"""
_ALL = (
    _Removed(
        "numpy",
        "1.24",
        "NumPy 1.24.0 release notes, expired deprecations",
        "numpy.object numpy.float numpy.complex numpy.str numpy.int",
    ),
    _Removed(
        "numpy",
        "2.0",
        "numpy._expired_attrs_2_0",
        "numpy.Inf numpy.Infinity numpy.NINF numpy.NZERO numpy.NaN numpy.PINF numpy.PZERO numpy.alltrue "
        "numpy.asfarray numpy.byte_bounds numpy.cast numpy.cfloat numpy.clongfloat numpy.compare_chararrays "
        "numpy.complex_ numpy.deprecate numpy.fastCopyAndTranspose numpy.find_common_type numpy.float_ "
        "numpy.geterrobj numpy.infty numpy.issctype numpy.issubclass_ numpy.issubsctype numpy.longcomplex "
        "numpy.longfloat numpy.lookfor numpy.mat numpy.maximum_sctype numpy.nbytes numpy.obj2sctype "
        "numpy.recfromcsv numpy.recfromtxt numpy.round_ numpy.safe_eval numpy.sctype2char numpy.sctypes "
        "numpy.set_numeric_ops numpy.set_string_function numpy.seterrobj numpy.singlecomplex numpy.sometrue "
        "numpy.source numpy.string_ numpy.tracemalloc_domain numpy.unicode_ numpy.who",
    ),
    _Removed(
        "pandas",
        "1.0",
        "pandas 1.0.0 release notes, removal of prior version deprecations",
        "pandas.DataFrame.ix pandas.Series.ix pandas.DataFrame.as_matrix pandas.DataFrame.get_value "
        "pandas.DataFrame.set_value",
    ),
    _Removed(
        "pandas",
        "2.0",
        "pandas 2.0.0 release notes, removal of prior version deprecations",
        "pandas.DataFrame.append pandas.Series.append pandas.DataFrame.iteritems pandas.Series.iteritems "
        "pandas.DataFrame.lookup pandas.DataFrame.mad pandas.Series.mad pandas.Int64Index pandas.UInt64Index "
        "pandas.Float64Index",
    ),
    _Removed(
        "scikit-learn",
        "0.20",
        "scikit-learn 0.20 release notes",
        "sklearn.cross_validation sklearn.grid_search sklearn.learning_curve",
    ),
    _Removed(
        "scikit-learn",
        "0.23",
        "scikit-learn 0.23 release notes",
        "sklearn.externals.joblib sklearn.externals.six",
    ),
    _Removed("scikit-learn", "0.22", "scikit-learn 0.22 release notes", "sklearn.preprocessing.Imputer"),
    _Removed(
        "scikit-learn",
        "1.2",
        "scikit-learn 1.2 release notes",
        "sklearn.datasets.load_boston sklearn.metrics.plot_confusion_matrix sklearn.metrics.plot_roc_curve "
        "sklearn.metrics.plot_precision_recall_curve",
    ),
    _Removed("scipy", "1.2", "SciPy 1.2.0 release notes", "scipy.misc.imread scipy.misc.imsave"),
    _Removed("scipy", "1.3", "SciPy 1.3.0 release notes", "scipy.misc.imresize"),
    _Removed(
        "scipy",
        "1.14",
        "SciPy 1.14.0 release notes",
        "scipy.integrate.simps scipy.integrate.trapz scipy.integrate.cumtrapz",
    ),
    _Removed(
        "tensorflow",
        "2.0",
        "TensorFlow 2.0 migration guide (moved to tensorflow.compat.v1)",
        "tensorflow.Session tensorflow.InteractiveSession tensorflow.placeholder tensorflow.ConfigProto "
        "tensorflow.contrib tensorflow.app tensorflow.flags tensorflow.get_variable tensorflow.variable_scope "
        "tensorflow.global_variables_initializer tensorflow.reset_default_graph tensorflow.layers",
    ),
    _Removed("Pillow", "10.0", "Pillow 10.0.0 release notes, removals", "PIL.Image.ANTIALIAS"),
    _Removed("Jinja2", "3.1", "Jinja2 3.1.0 changes", "jinja2.Markup jinja2.escape jinja2.contextfunction"),
    _Removed("pydantic", "2.0", "pydantic 2.0 migration guide", "pydantic.BaseSettings"),
    _Removed("openai", "1.0", "openai-python 1.0 migration guide", "openai.ChatCompletion openai.Completion"),
    _Removed(
        "Django",
        "4.0",
        "Django 4.0 release notes, features removed",
        "django.conf.urls.url django.utils.encoding.force_text django.utils.encoding.smart_text "
        "django.utils.translation.ugettext django.utils.translation.ugettext_lazy",
    ),
    _Removed("Django", "2.0", "Django 2.0 release notes, features removed", "django.core.urlresolvers"),
    _Removed(
        "Python",
        "3.0",
        "What's New in Python 3.0; PEP 3108",
        "urllib2 urlparse cPickle cStringIO StringIO ConfigParser httplib HTMLParser Tkinter Queue.Queue __builtin__ "
        "itertools.izip itertools.imap itertools.ifilter sys.maxint string.letters string.maketrans string.join "
        "os.getcwdu urllib.urlopen urllib.urlencode urllib.quote urllib.unquote urllib.urlretrieve",
    ),
    _Removed(
        "Python",
        "3.8",
        "What's New in Python 3.8",
        "time.clock cgi.escape platform.linux_distribution platform.dist",
    ),
    _Removed(
        "Python",
        "3.9",
        "What's New in Python 3.9",
        "fractions.gcd base64.encodestring base64.decodestring dummy_threading",
    ),
    _Removed(
        "Python",
        "3.10",
        "What's New in Python 3.10",
        " ".join(f"collections.{name}" for name in _ABSTRACT.split()) + " formatter parser symbol",
    ),
    _Removed(
        "Python",
        "3.11",
        "What's New in Python 3.11",
        "inspect.getargspec inspect.formatargspec asyncio.coroutine binhex",
    ),
    _Removed(
        "Python",
        "3.12",
        "What's New in Python 3.12",
        "asynchat asyncore distutils imp smtpd configparser.SafeConfigParser ssl.wrap_socket ssl.match_hostname "
        "locale.format pkgutil.ImpImporter",
    ),
    _Removed(
        "Python",
        "3.13",
        "PEP 594; What's New in Python 3.13",
        "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes sndhdr spwd "
        "sunau telnetlib uu xdrlib unittest.makeSuite unittest.findTestCases",
    ),
)
# Full name to (package, version): "numpy.float" -> ("numpy", "1.24").
STALE_NAMES = {name: (group.package, group.version) for group in _ALL for name in group.names.split()}
SOURCES = {name: group.source for group in _ALL for name in group.names.split()}
